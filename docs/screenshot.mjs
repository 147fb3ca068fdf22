/**
 * Makes docs/top.svg, the picture of `sockdiag top` in the README: `npm run docs:screenshot`. In a network namespace of its own
 * a few programs talk to each other over the loopback, and what tmux shows of the view is written down, letter for letter. It
 * needs root, unshare, ip and tmux.
 */
import { execFileSync, fork, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import net from 'node:net';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const OWN = fileURLToPath(import.meta.url);
const COMMAND = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
const PICTURE = fileURLToPath(new URL('top.svg', import.meta.url));
const SIZE = { columns: 132, rows: 32 };

/** @typedef {{ name: string, host: string, port: number, clients: number, bytes: number, back: number }} Service */

/** @type {readonly Service[]} how much a client sends ten times a second, and gets back */
const SERVICES = [
  { name: 'web', host: '192.0.2.10', port: 443, clients: 5, bytes: 900, back: 180_000 },
  { name: 'database', host: '192.0.2.20', port: 5432, clients: 4, bytes: 2_000, back: 9_000 },
  { name: 'queue', host: '2001:db8::30', port: 5672, clients: 2, bytes: 30_000, back: 200 },
  { name: 'backup', host: '2001:db8::40', port: 8080, clients: 1, bytes: 400_000, back: 0 },
];

/** @param {Service} service */
async function serve({ name, host, port, clients, bytes, back }) {
  process.title = name;
  const server = net.createServer((socket) => {
    socket.on('data', () => back > 0 && socket.write(Buffer.alloc(back)));
    socket.on('error', () => undefined);
  });
  await new Promise((resolve) => server.listen(port, host, () => resolve(undefined)));
  for (let i = 0; i < clients; i++) {
    const socket = net.connect({ host, port }).on('data', () => undefined);
    const size = () => Math.round((bytes / (i + 1)) * (1 + Math.sin(Date.now() / 1500 + i)));
    setInterval(() => socket.write(Buffer.alloc(1 + size())), 100);
  }
}

/** @param {readonly string[]} words */
const tmux = (...words) =>
  execFileSync('tmux', ['-L', `screenshot-${process.pid}`, ...words], { encoding: 'utf8' });

async function take() {
  for (const command of [
    'link set lo up',
    ...SERVICES.map(({ host }) => `address add ${host}/${host.includes(':') ? '128 nodad' : '32'} dev lo`),
  ]) {
    execFileSync('ip', command.split(' '));
  }
  const children = SERVICES.map((_, i) => fork(OWN, ['serve', String(i)]));
  await sleep(1000);
  const view = `env -u NO_COLOR LC_ALL=C.UTF-8 ${process.execPath} ${COMMAND} top -tn --interval 0.5`;
  tmux('-f', '/dev/null', 'new-session', '-d', '-x', String(SIZE.columns), '-y', String(SIZE.rows), view);
  try {
    await sleep(14_000);
    tmux('send-keys', 'Down', 'Enter');
    await sleep(2500);
    writeFileSync(PICTURE, pictureOf(tmux('capture-pane', '-p', '-e')));
    console.log(tmux('capture-pane', '-p'));
  } finally {
    tmux('kill-server');
    for (const child of children) child.kill();
  }
}

const COLOURS = ['#808080', '#ff6b68', '#7ec97e', '#e5c07b', '#61afef', '#c678dd', '#5fc9d0', '#d8d8d8'];
const PAPER = '#1d1f21';
const INK = '#d8d8d8';
/** Of a letter, and of the margin around all. */
const WIDTH = 8;
const HEIGHT = 18;
const MARGIN = 12;

/** @typedef {{ colour: string, isBold: boolean, isFaint: boolean, isInverse: boolean }} Style */

/** @type {Style} */
const PLAIN = { colour: INK, isBold: false, isFaint: false, isInverse: false };

/**
 * What codes of colours and the like make of a style.
 *
 * @param {Style} style
 * @param {string} codes
 */
function styled(style, codes) {
  let now = style;
  for (const code of codes.split(';')) now = changed(now, Number(code));
  return now;
}

/**
 * @param {Style} style
 * @param {number} code
 * @returns {Style}
 */
function changed(style, code) {
  if (code === 0) return PLAIN;
  if (code === 1) return { ...style, isBold: true };
  if (code === 2) return { ...style, isFaint: true };
  if (code === 7) return { ...style, isInverse: true };
  if (code === 27) return { ...style, isInverse: false };
  if (code === 39) return { ...style, colour: INK };
  return code >= 30 && code < 38 ? { ...style, colour: COLOURS[code - 30] ?? INK } : style;
}

/** @param {string} text */
const escaped = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/**
 * @param {string} text
 * @param {Style} style
 * @param {number} column
 * @param {number} row
 */
function pieceOf(text, { colour, isBold, isFaint, isInverse }, column, row) {
  const x = MARGIN + column * WIDTH;
  const y = MARGIN + row * HEIGHT;
  const width = text.length * WIDTH;
  const ground = isInverse
    ? `<rect x="${x}" y="${y}" width="${width}" height="${HEIGHT}" fill="${colour}"/>`
    : '';
  const weight = isBold ? ' font-weight="bold"' : '';
  const faint = isFaint ? ' opacity="0.6"' : '';
  const fill = isInverse ? PAPER : colour;
  // Each word by its place: not all that show pictures keep several blanks.
  const words = [...text.matchAll(/\S+/g)].map(
    ({ 0: word, index }) =>
      `<text x="${x + index * WIDTH}" y="${y + 13}" fill="${fill}" textLength="${word.length * WIDTH}"${weight}${faint}>${escaped(word)}</text>`,
  );
  return `${ground}${words.join('')}`;
}

/**
 * @param {string} screen with its escape codes
 * @returns {string} SVG
 */
function pictureOf(screen) {
  let style = PLAIN;
  const pieces = screen
    .trimEnd()
    .split('\n')
    .flatMap((line, row) => {
      let column = 0;
      return line.split(new RegExp(`${String.fromCharCode(0x1b)}\\[([\\d;]*)m`)).map((part, i) => {
        if (i % 2 === 1) {
          style = styled(style, part);
          return '';
        }
        const piece = part === '' ? '' : pieceOf(part, style, column, row);
        column += part.length;
        return piece;
      });
    });
  const width = 2 * MARGIN + SIZE.columns * WIDTH;
  const height = 2 * MARGIN + SIZE.rows * HEIGHT;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"`,
    ' font-family="ui-monospace, Menlo, Consolas, DejaVu Sans Mono, monospace" font-size="13">',
    `<title>sockdiag top: connections with their rates, and one of them in detail</title>`,
    `<rect width="${width}" height="${height}" rx="8" fill="${PAPER}"/>`,
    ...pieces.filter((piece) => piece !== ''),
    '</svg>',
    '',
  ].join('\n');
}

const [task, which] = process.argv.slice(2);
if (task === 'serve') await serve(/** @type {Service} */ (SERVICES[Number(which)]));
else if (task === 'inside') await take();
else
  spawn('unshare', ['--net', process.execPath, OWN, 'inside'], { stdio: 'inherit' }).on('exit', (code) => {
    process.exitCode = code ?? 1;
  });
