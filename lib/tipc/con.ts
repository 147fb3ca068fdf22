/** TIPC_NLA_SOCK_CON: the other end of a connection. */
import {
  type AttributeTable,
  attributeTable,
  readNested,
  type UnknownAttributes,
} from '../netlink/attributes.js';
import type { BatchMemory } from '../netlink/batch.js';

/** Whom a socket is connected to (`TIPC_NLA_SOCK_CON`). */
export interface TipcCon extends UnknownAttributes {
  /** The connection was made by a service's name, which `type` and `inst` are (`TIPC_NLA_CON_FLAG`). */
  flag: boolean;
  /** Address of the peer's node, 32 bits (`TIPC_NLA_CON_NODE`). */
  node: number;
  /** The peer's `ref` (`TIPC_NLA_CON_SOCK`). */
  sock: number;
  /** Type of the service by whose name the connection was made (`TIPC_NLA_CON_TYPE`). */
  type?: number;
  /** Instance of that service (`TIPC_NLA_CON_INST`). */
  inst?: number;
}

const ATTRIBUTES: AttributeTable<TipcCon> = attributeTable<TipcCon>({
  1: {
    size: 0,
    put: (con) => {
      con.flag = true;
    },
  },
  2: {
    size: 4,
    put: (con, memory, at) => {
      con.node = memory.u32(at);
    },
  },
  3: {
    size: 4,
    put: (con, memory, at) => {
      con.sock = memory.u32(at);
    },
  },
  4: {
    size: 4,
    put: (con, memory, at) => {
      con.type = memory.u32(at);
    },
  },
  5: {
    size: 4,
    put: (con, memory, at) => {
      con.inst = memory.u32(at);
    },
  },
});

export function readCon(memory: BatchMemory, at: number, length: number): TipcCon {
  return readNested({ flag: false } as TipcCon, memory, at, length, ATTRIBUTES);
}
