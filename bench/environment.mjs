/**
 * What a command is told that is timed from its start. Some of what a machine sets for all of its programs is no cost of theirs:
 * with NODE_EXTRA_CA_CERTS each Node reads and decodes a file of certificates first, which can take longer than its own start.
 */
import process from 'node:process';

/** @type {Readonly<Record<string, string>>} */
export const PLAIN_ENVIRONMENT = { PATH: process.env.PATH ?? '', LC_ALL: 'C.UTF-8' };
