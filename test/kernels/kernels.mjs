/** The kernels that the tests run under, and what each of them lacks. */

/** What the tests, the world of sockets and the machine itself take. */
const ROOT = [
  ...['base-files', 'busybox-static', 'coreutils', 'dash', 'iproute2', 'libatomic1', 'libstdc++6', 'python3'],
];

/** What kernels tell of sockets since some version between two of these. */
const SINCE_6_12 = [
  ...fields('tcp.info', ['rcvWnd', 'rehash', 'totalRto', 'totalRtoRecoveries', 'totalRtoTime']),
  ...fields('dccp.info', ['rcvWnd', 'rehash', 'totalRto', 'totalRtoRecoveries', 'totalRtoTime']),
  ...fields('mptcp.info', ['retransmits', 'bytesRetrans', 'bytesSent', 'bytesReceived', 'bytesAcked']),
  ...fields('mptcp.info', ['subflowsTotal', 'endpLaminarMax', 'endpFullmeshMax']),
  ...fields('mptcp.info', ['lastDataSent', 'lastDataRecv', 'lastAckRecv']),
];
const SINCE_7_2 = [
  ...fields('tcp.info', ['accecn', 'receivedCe', 'receivedE0Bytes', 'receivedE1Bytes', 'receivedCeBytes']),
  ...fields('tcp.info', ['deliveredE0Bytes', 'deliveredE1Bytes', 'deliveredCeBytes']),
  'tcp.ulpInfo.tls.txMaxPayloadLen',
];

/**
 * @param {string} parent
 * @param {string[]} names
 */
function fields(parent, names) {
  return names.map((name) => `${parent}.${name}`);
}

/** @type {readonly import('./kernels.d.mts').Kernel[]} */
export const KERNELS = [
  {
    name: '5.10',
    arch: 'x64',
    suite: 'bullseye',
    package: 'linux-image-cloud-amd64',
    mayBeAbsent: true,
    lacks: { mptcp: 'protocol', xdp: 'family' },
    absent: ['tls', 'mptcp', 'vsock seqpacket', 'smc IPPROTO_SMC'],
    cannot: ['BOUND_INACTIVE', 'destroy TIME_WAIT'],
    // `ulpInfo` is for want of sockets that have it, of TLS and MPTCP.
    untold: ['tcp.ulpInfo', ...SINCE_6_12, ...SINCE_7_2],
  },
  {
    name: '6.1',
    arch: 'x64',
    suite: 'bookworm',
    package: 'linux-image-cloud-amd64',
    lacks: { xdp: 'family' },
    absent: ['smc IPPROTO_SMC'],
    cannot: ['BOUND_INACTIVE'],
    untold: [...SINCE_6_12, ...SINCE_7_2],
  },
  {
    name: '6.12',
    arch: 'x64',
    suite: 'trixie',
    package: 'linux-image-cloud-amd64',
    isBesideSs: true,
    lacks: {},
    absent: [],
    cannot: [],
    untold: SINCE_7_2,
  },
  {
    name: '7.2',
    arch: 'x64',
    suite: 'forky',
    package: 'linux-image-cloud-amd64',
    mayBeAbsent: true,
    lacks: { udplite: 'protocol', dccp: 'protocol', smc: 'family' },
    absent: ['udplite', 'dccp', 'smc'],
    cannot: [],
    untold: [],
  },
  {
    name: 'arm64-6.12',
    arch: 'arm64',
    suite: 'trixie',
    package: 'linux-image-cloud-arm64',
    root: ROOT,
    lacks: {},
    absent: [],
    cannot: [],
    untold: SINCE_7_2,
  },
];
