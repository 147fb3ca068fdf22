/**
 * Runs files of tests in one process, which shares one world of sockets: `node test/kernels/guest/all.mjs families names`.
 * Those that destroy sockets, or leave some behind, are to be named last.
 */
import process from 'node:process';
import { after } from 'node:test';
import { endWorld } from '../world.mjs';

for (const name of process.argv.slice(2)) await import(`./${name}.test.mjs`);
after(endWorld);
