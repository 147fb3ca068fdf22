/** The ranges of the histograms: close together where it makes a difference to those who look at them. */

/** Seconds: from within a machine to around the world, and beyond what people wait for. */
export const RTT: readonly number[] = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5,
];

/** Of what was sent, the part that was sent again; none by itself. */
export const RETRANSMISSION: readonly number[] = [0, 0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5];

/** Segments: most connections start with 10, and after a loss some begin anew with 1. */
export const CONGESTION_WINDOW: readonly number[] = [1, 2, 5, 10, 20, 40, 80, 160, 320, 640, 1280];

/** Bytes a second. */
export const DELIVERY_RATE: readonly number[] = [1e4, 1e5, 1e6, 5e6, 1e7, 5e7, 1e8, 5e8, 1e9, 5e9];

/** Seconds, of connections that have ended. */
export const DURATION: readonly number[] = [1, 5, 15, 60, 300, 900, 3600, 14_400, 86_400];

/** Bytes, of connections that have ended. */
export const TRANSFERRED: readonly number[] = [0, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10];

/** Segments, of connections that have ended. */
export const RETRANSMITTED: readonly number[] = [0, 1, 2, 5, 10, 50, 100, 1000];
