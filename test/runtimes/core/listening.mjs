/** A process that has one unix listener, whose name it prints, and lives until it is killed. */
import { createServer } from 'node:net';
import process from 'node:process';

const path = `${import.meta.dirname}/listening-${process.pid}`;
createServer().listen(path, () => console.log(path));
