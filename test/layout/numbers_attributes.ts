/** The numbers of the attributes that the library reads. */
import { attribute } from '../messages.js';
import { INET_PROTOCOLS, inet, NETLINK, PACKET, SMC, TIPC, UNIX, XDP } from './decoders_ways.js';
import { byAttribute, inRecord, inside, type Place, type Said } from './numbers_said.js';
import { attributes, type Headers, numberOf, type Topic } from './numbers_topics.js';

/** What the decoders of all protocols say that know the attribute: they must not contradict each other. */
const byAnyProtocol: Said = (number) => {
  const said = INET_PROTOCOLS.map((protocol) => byAttribute(inRecord(inet(protocol)))(number));
  const properties = new Set(said.filter((word) => word !== undefined));
  return properties.size === 0 ? undefined : [...properties].join(' or ');
};

const TCP: Place = inRecord(inet('tcp'));

export const ulpInfo = (headers: Headers): Place =>
  inside(TCP, numberOf(headers, 'INET_DIAG_ULP_INFO'), 'ulpInfo');

export const tlsInfo = (headers: Headers): Place =>
  inside(ulpInfo(headers), numberOf(headers, 'INET_ULP_INFO_TLS'), 'tls');

export const subflow = (headers: Headers): Place =>
  inside(ulpInfo(headers), numberOf(headers, 'INET_ULP_INFO_MPTCP'), 'mptcp');

/** The first of the storages that BPF programs have. */
const storage =
  (headers: Headers): Place =>
  (...inner) => {
    const one = attribute(numberOf(headers, 'SK_DIAG_BPF_STORAGE'), Buffer.concat(inner));
    const nested = numberOf(headers, 'INET_DIAG_SK_BPF_STORAGES') | numberOf(headers, 'NLA_F_NESTED');
    return (TCP(attribute(nested, one)) as { skBpfStorages: object[] }).skBpfStorages[0] as object;
  };

const inetAttributes = (headers: Headers): Topic[] => [
  attributes(/^INET_DIAG_(?!NONE$|MAX$|GETSOCK_MAX$|NOCOOKIE$|REQ_|BC_)(\w+)$/, byAnyProtocol, {
    PROTOCOL: 'rawProtocol',
    // By these an association is told from an endpoint, and its states are others.
    PEERS: 'peers state',
  }),
  attributes(/^INET_ULP_INFO_(?!UNSPEC$|MAX$)(\w+)$/, byAttribute(ulpInfo(headers))),
  attributes(/^TLS_INFO_(?!UNSPEC$|MAX$)(\w+)$/, byAttribute(tlsInfo(headers))),
  attributes(/^MPTCP_SUBFLOW_ATTR_(?!UNSPEC$|MAX$)(\w+)$/, byAttribute(subflow(headers))),
  attributes(/^SK_DIAG_BPF_STORAGE_(?!NONE$|MAX$|REQ_|REP_)(\w+)$/, byAttribute(storage(headers))),
];

const linkAttributes = (): Topic[] => [
  attributes(/^UNIX_DIAG_(?!MAX$)(\w+)$/, byAttribute(inRecord(UNIX)), {
    NAME: 'name nameBytes',
    RQLEN: 'rqueue wqueue',
  }),
  attributes(/^PACKET_DIAG_(?!MAX$)(\w+)$/, byAttribute(inRecord(PACKET))),
  attributes(/^NETLINK_DIAG_(?!MAX$)(\w+)$/, byAttribute(inRecord(NETLINK))),
  attributes(/^XDP_DIAG_(?!NONE$|MAX$)(\w+)$/, byAttribute(inRecord(XDP))),
  attributes(/^SMC_DIAG_(?!NONE$|MAX$|MODE_)(\w+)$/, byAttribute(inRecord(SMC))),
];

function tipcAttributes(headers: Headers): Topic[] {
  const sock: Place = (...inner) =>
    TIPC.read(attribute(numberOf(headers, 'TIPC_NLA_SOCK'), Buffer.concat(inner)));
  const within = (name: string, property: string): Said =>
    byAttribute(inside(sock, numberOf(headers, name), property));
  return [
    attributes(/^TIPC_NLA_SOCK_(?!UNSPEC$|MAX$|STAT_|GROUP_)(\w+)$/, byAttribute(sock), {
      INO: 'inode',
      TIPC_STATE: 'state',
    }),
    attributes(/^TIPC_NLA_CON_(?!UNSPEC$|MAX$)(\w+)$/, within('TIPC_NLA_SOCK_CON', 'con')),
    attributes(/^TIPC_NLA_SOCK_STAT_(?!MAX$)(\w+)$/, within('TIPC_NLA_SOCK_STAT', 'stat')),
    attributes(/^TIPC_NLA_SOCK_GROUP_(?!MAX$)(\w+)$/, within('TIPC_NLA_SOCK_GROUP', 'group')),
  ];
}

export const attributeTopics = (headers: Headers): Topic[] => [
  ...inetAttributes(headers),
  ...linkAttributes(),
  ...tipcAttributes(headers),
];
