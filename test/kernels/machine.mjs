/** A machine of QEMU's, emulated in software, so that it runs wherever this does. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { findSharer, QEMU } from './tools.mjs';

/** How much is kept of what a program says. Characters. */
const LOG_LENGTH = 8_000;

/** Of each processor: the machine, and its console. The simplest model of an arm64 processor is the one emulated fastest. */
const MACHINES = {
  x64: { words: ['-machine', 'q35,accel=tcg,memory-backend=memory'], console: 'ttyS0' },
  arm64: {
    words: ['-machine', 'virt,accel=tcg,memory-backend=memory', '-cpu', 'cortex-a53'],
    console: 'ttyAMA0',
  },
};

const KERNEL_OPTIONS = [
  ...['quiet', 'loglevel=4'],
  // Whatever goes wrong in the kernel ends the machine, as it is not to restart.
  ...['oops=panic', 'panic=-1'],
  // Time is what the emulation has little of.
  ...['mitigations=off', 'audit=0', 'apparmor=0', 'no_timer_check'],
];

/**
 * @typedef {object} End
 * @property {boolean} late whether the machine had to be ended
 * @property {string} console the end of what the kernel and QEMU said
 * @property {string} complaint of the program that shares the root, if it failed
 */

/**
 * @typedef {object} Machine
 * @property {'x64' | 'arm64'} arch as Node calls it
 * @property {string} image the kernel
 * @property {string} folder with `initramfs` in it
 * @property {number} memory MiB
 */

/**
 * @param {Machine} description
 * @param {number} timeout milliseconds
 * @returns {Promise<End>}
 */
export async function runMachine(description, timeout) {
  const { arch, folder } = description;
  const socket = join(folder, 'share');
  const sharer = startSharer(socket);
  await Promise.race([sharer.ended, untilExists(socket, sharer.isRunning)]);
  const machine = startProgram(QEMU[arch].program, machineWords(description, socket));
  const end = Promise.race([machine.ended, sharer.ended]).then(() => false);
  const late = await Promise.race([end, delay(timeout, true, { ref: false })]);
  machine.kill();
  sharer.kill();
  await Promise.all([machine.ended, sharer.ended]);
  return { late, console: machine.log(), complaint: sharer.failure() };
}

/** @param {string} socket */
function startSharer(socket) {
  const sharer = findSharer();
  if (sharer === undefined) throw new Error('virtiofsd is not installed');
  return startProgram(sharer.program, [`--socket-path=${socket}`, ...sharer.words]);
}

/**
 * @param {string} file
 * @param {() => boolean} isRunning
 */
async function untilExists(file, isRunning) {
  while (isRunning() && !existsSync(file)) await delay(20);
}

/**
 * @param {Machine} machine
 * @param {string} socket
 */
function machineWords({ arch, image, folder, memory }, socket) {
  const { words, console } = MACHINES[arch];
  const options = [`console=${console}`, ...KERNEL_OPTIONS].join(' ');
  return [
    ...[...words, '-m', `${memory}M`],
    ...['-object', `memory-backend-memfd,id=memory,size=${memory}M,share=on`],
    ...['-nodefaults', '-no-user-config', '-no-reboot', '-display', 'none', '-serial', 'stdio'],
    ...['-device', 'virtio-rng-pci', '-device', 'vhost-user-fs-pci,chardev=share,tag=host'],
    ...['-chardev', `socket,id=share,path=${socket}`],
    ...['-kernel', image, '-initrd', join(folder, 'initramfs'), '-append', options],
  ];
}

/**
 * Starts a program that ends with this process, however that ends.
 *
 * @param {string} program
 * @param {string[]} words
 */
function startProgram(program, words) {
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', program, ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (/** @type {string} */ text) => {
      log = (log + text).slice(-LOG_LENGTH);
    });
  }
  return {
    ended: once(child, 'close'),
    isRunning: () => child.exitCode === null && child.signalCode === null,
    failure: () => {
      const reason = child.exitCode || (child.signalCode !== 'SIGKILL' && child.signalCode);
      return reason ? `${program} ended (${reason}): ${log}` : '';
    },
    kill: () => child.kill('SIGKILL'),
    log: () => log,
  };
}
