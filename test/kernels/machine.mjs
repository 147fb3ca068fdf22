/** A machine of QEMU's, emulated in software, so that it runs wherever this does. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { findSharer, QEMU } from './tools.mjs';

/** How much is kept of what a program says. Characters. */
const LOG_LENGTH = 8_000;

const KERNEL_OPTIONS = [
  ...['console=ttyS0', 'quiet', 'loglevel=4'],
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
 * @param {string} image the kernel
 * @param {string} folder with `initramfs` in it
 * @param {number} memory MiB
 * @param {number} timeout milliseconds
 * @returns {Promise<End>}
 */
export async function runMachine(image, folder, memory, timeout) {
  const socket = join(folder, 'share');
  const sharer = startSharer(socket);
  await Promise.race([sharer.ended, untilExists(socket, sharer.isRunning)]);
  const machine = startProgram(QEMU, machineWords(image, join(folder, 'initramfs'), socket, memory));
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
 * @param {string} image
 * @param {string} initramfs
 * @param {string} socket
 * @param {number} memory
 */
function machineWords(image, initramfs, socket, memory) {
  return [
    ...['-machine', 'q35,accel=tcg,memory-backend=memory', '-m', `${memory}M`],
    ...['-object', `memory-backend-memfd,id=memory,size=${memory}M,share=on`],
    ...['-nodefaults', '-no-user-config', '-no-reboot', '-display', 'none', '-serial', 'stdio'],
    ...['-device', 'virtio-rng-pci', '-device', 'vhost-user-fs-pci,chardev=share,tag=host'],
    ...['-chardev', `socket,id=share,path=${socket}`],
    ...['-kernel', image, '-initrd', initramfs, '-append', KERNEL_OPTIONS.join(' ')],
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
