/** Those who hold sockets, put into a table as `usersText` would, without an object for each. */
import { Holdings } from '../owners/holdings.js';
import { checked, Walk } from '../owners/walk.js';
import { type Cells, NUMBER_LENGTH, putNumber, putText } from './cells.js';
import { usersText } from './details.js';
import { mayLoad, type Values } from './options.js';
import { printable } from './words.js';

/** For each beside the text of its process. */
const ROOM = NUMBER_LENGTH + 16;
/** A letter takes no more bytes than this. */
const LETTER = 3;

export class Users {
  readonly #holdings: Holdings;
  /** By the place of the process: `("node",pid=1,fd=`. */
  readonly #texts: string[] = [];

  constructor(holdings: Holdings) {
    this.#holdings = holdings;
  }

  /** Of a socket, by its inode number, as the next cell. Like ss, with those last that were found first. */
  put(cells: Cells, inode: number): void {
    const { first, end } = this.#holdings.placesOf(inode);
    let next = cells.at;
    if (first < end) next = putText(cells.reserve(ROOM), next, ' users:(');
    for (let place = end - 1; place >= first; place -= 1) {
      const { holder, fd } = this.#holdings.at(place);
      const text = this.#processText(holder);
      const bytes = cells.reserve(next - cells.at + text.length * LETTER + ROOM);
      next = putNumber(bytes, putText(bytes, next, text), fd);
      next = putText(bytes, next, place > first ? '),' : '))');
    }
    cells.close(next);
  }

  /** The same as a text. */
  textOf(inode: number): string {
    return usersText(this.#holdings.ownersOf(inode));
  }

  #processText(holder: number): string {
    const known = this.#texts[holder];
    if (known !== undefined) return known;
    const { comm, pid } = this.#holdings.processAt(holder);
    const text = `("${printable(comm)}",pid=${pid},fd=`;
    this.#texts[holder] = text;
    return text;
  }
}

/** @throws SockDiagError where /proc cannot be read. */
export async function readUsers(values: Values): Promise<Users> {
  return new Users(new Holdings(checked(await new Walk({ bpf: mayLoad(values) }).run())));
}
