/** TIPC_NLA_SOCK_GROUP: a socket's membership in a communication group. */
import {
  type AttributeTable,
  attributeTable,
  readNested,
  type UnknownAttributes,
} from '../netlink/attributes.js';
import type { BatchMemory } from '../netlink/batch.js';

/** The group that a socket has joined (TIPC_GROUP_JOIN; `TIPC_NLA_SOCK_GROUP`). */
export interface TipcGroup extends UnknownAttributes {
  /** The group's service type (`TIPC_NLA_SOCK_GROUP_ID`). */
  id: number;
  /** The group has members, and none of them holds up what is sent to it (`TIPC_NLA_SOCK_GROUP_OPEN`). */
  open: boolean;
  /** The member is seen on its own node only (`TIPC_NLA_SOCK_GROUP_NODE_SCOPE`). */
  nodeScope: boolean;
  /** The member is seen in the whole cluster (`TIPC_NLA_SOCK_GROUP_CLUSTER_SCOPE`). */
  clusterScope: boolean;
  /** The member's instance (`TIPC_NLA_SOCK_GROUP_INSTANCE`). */
  instance: number;
  /** Number that the next message to all members gets (`TIPC_NLA_SOCK_GROUP_BC_SEND_NEXT`). */
  bcSendNext: number;
}

/** They count from 0. */
const ATTRIBUTES: AttributeTable<TipcGroup> = attributeTable<TipcGroup>({
  0: {
    size: 4,
    put: (group, memory, at) => {
      group.id = memory.u32(at);
    },
  },
  1: {
    size: 0,
    put: (group) => {
      group.open = true;
    },
  },
  2: {
    size: 0,
    put: (group) => {
      group.nodeScope = true;
    },
  },
  3: {
    size: 0,
    put: (group) => {
      group.clusterScope = true;
    },
  },
  4: {
    size: 4,
    put: (group, memory, at) => {
      group.instance = memory.u32(at);
    },
  },
  5: {
    size: 4,
    put: (group, memory, at) => {
      group.bcSendNext = memory.u32(at);
    },
  },
});

export function readGroup(memory: BatchMemory, at: number, length: number): TipcGroup {
  const none = { open: false, nodeScope: false, clusterScope: false } as TipcGroup;
  return readNested(none, memory, at, length, ATTRIBUTES);
}
