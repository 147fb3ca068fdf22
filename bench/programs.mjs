/** The benchmark's own C programs, compiled at start. */
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** @typedef {{ floor: string, populate: string, walk: string, lookup: string }} Programs where each stands */

/**
 * @param {string} directory where to put them
 * @returns {Programs}
 */
export function compilePrograms(directory) {
  return {
    floor: compile('floor', directory),
    populate: compile('populate', directory),
    walk: compile('walk', directory),
    lookup: compile('lookup', directory),
  };
}

/**
 * @param {string} name
 * @param {string} directory
 */
export function compile(name, directory) {
  const source = fileURLToPath(new URL(`${name}.c`, import.meta.url));
  const program = path.join(directory, name);
  const { CC = 'cc' } = process.env;
  const options = ['-std=c11', '-Wall', '-Wextra', '-O2'];
  execFileSync(CC, [...options, '-o', program, source], { stdio: 'inherit' });
  return program;
}
