/** INET_DIAG_SK_BPF_STORAGES: what BPF programs keep with a socket, and how it is asked for. */
import { constants } from 'node:os';

import {
  type AttributeTable,
  attributeTable,
  padding,
  readNested,
  type UnknownAttributes,
} from '../netlink/attributes.js';
import type { BatchMemory } from '../netlink/batch.js';
import { NLA_F_NESTED } from '../netlink/protocol.js';
import { attribute, u32 } from '../netlink/request.js';

/** What one BPF map of the type sk_storage holds for a socket (`SK_DIAG_BPF_STORAGE`). */
export interface SkBpfStorage extends UnknownAttributes {
  /** The map's id, as bpftool(8) prints it (`SK_DIAG_BPF_STORAGE_MAP_ID`). */
  mapId?: number;
  /** The value, of the map's `value_size` (`SK_DIAG_BPF_STORAGE_MAP_VALUE`). */
  mapValue?: Uint8Array;
}

const STORAGE: AttributeTable<SkBpfStorage> = attributeTable<SkBpfStorage>({
  1: padding,
  2: {
    size: 4,
    put: (storage, memory, at) => {
      storage.mapId = memory.u32(at);
    },
  },
  3: {
    size: 0,
    put: (storage, memory, at, length) => {
      storage.mapValue = memory.copy(at, length);
    },
  },
});

interface Storages extends UnknownAttributes {
  all: SkBpfStorage[];
}

const STORAGES: AttributeTable<Storages> = attributeTable<Storages>({
  1: {
    size: 0,
    put: ({ all }, memory, at, length) => {
      all.push(readNested({}, memory, at, length, STORAGE));
    },
  },
});

export function readSkBpfStorages(memory: BatchMemory, at: number, length: number): SkBpfStorage[] {
  return readNested<Storages>({ all: [] }, memory, at, length, STORAGES).all;
}

/** Kernels set NLA_F_NESTED on all of them; who made a recording may not have. */
export const SK_BPF_STORAGES_NESTS: readonly number[] = [0xffff, 20, 20, 1];

const INET_DIAG_REQ_SK_BPF_STORAGES = 2;
const SK_DIAG_BPF_STORAGE_REQ_MAP_FD = 1;

/** What the kernel's errors mean where storages are asked for. */
const HINTS: Readonly<Record<number, string>> = {
  [constants.errno.EPERM]: 'BPF storages need CAP_BPF or CAP_SYS_ADMIN',
  [constants.errno.EBADF]: 'a descriptor of bpfMaps is not open, or of no BPF map',
  [constants.errno.EINVAL]: 'a descriptor of bpfMaps is not of a map of the type sk_storage',
};

export interface BpfQuestion {
  attributes?: readonly Uint8Array[];
  oversize?: boolean;
  hints?: Readonly<Record<number, string>>;
}

/** What a request is given besides, where storages are shown, or those of some maps asked for. */
export function bpfQuestion({
  show,
  bpfMaps,
}: {
  show?: readonly string[] | undefined;
  bpfMaps?: readonly number[] | undefined;
}): BpfQuestion {
  if (bpfMaps === undefined && show?.includes('skBpfStorages') !== true) return {};
  return { attributes: [requestSkBpfStorages(bpfMaps ?? [])], oversize: true, hints: HINTS };
}

/** For the maps behind these descriptors, or for all maps without any. */
function requestSkBpfStorages(descriptors: readonly number[]): Uint8Array {
  const maps = descriptors.map((descriptor) => attribute(SK_DIAG_BPF_STORAGE_REQ_MAP_FD, u32(descriptor)));
  return attribute(INET_DIAG_REQ_SK_BPF_STORAGES | NLA_F_NESTED, Buffer.concat(maps));
}
