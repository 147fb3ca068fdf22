/** The screen as Ink draws it. */
import { Box, Text, type TextProps, useInput } from 'ink';
import type { ReactElement } from 'react';

import type { Stroke } from './keys.js';
import type { Screen, TableRow } from './screen.js';
import type { Draft } from './state.js';
import type { Line, Tone } from './text.js';

const COLOURS: Readonly<Record<Tone, string | undefined>> = {
  plain: undefined,
  strong: undefined,
  faint: undefined,
  good: 'green',
  other: 'cyan',
  warning: 'yellow',
  bad: 'red',
};

export interface FaceProps {
  screen: Screen;
  hasColours: boolean;
  onStroke: (stroke: Stroke) => void;
}

export function Face({ screen, hasColours, onStroke }: FaceProps): ReactElement {
  useInput((input, key) => onStroke({ input, key }));
  const { header, heading, footer, detail, draft, hasHelp } = screen;
  return (
    <Box flexDirection="column" width={screen.width}>
      <Lines lines={header} hasColours={hasColours} />
      <Text inverse={true} wrap="truncate">
        {heading}
      </Text>
      {hasHelp ? <Help height={screen.height} /> : <Table screen={screen} hasColours={hasColours} />}
      <Lines lines={detail} hasColours={hasColours} />
      {draft === undefined ? (
        <Lines lines={[footer]} hasColours={hasColours} />
      ) : (
        <Prompt draft={draft} width={screen.width} hasColours={hasColours} />
      )}
    </Box>
  );
}

interface Coloured {
  hasColours: boolean;
}

function styleOf(tone: Tone, hasColours: boolean): TextProps {
  const color = hasColours ? COLOURS[tone] : undefined;
  return {
    wrap: 'truncate',
    ...(color !== undefined && { color }),
    ...(tone === 'strong' && { bold: true }),
    ...(tone === 'faint' && hasColours && { dimColor: true }),
  };
}

function Spans({ spans, hasColours }: Coloured & { spans: Line }): ReactElement {
  return (
    <>
      {joined(spans).map(({ text, tone, at }) => (
        <Text key={at} {...styleOf(tone, hasColours)}>
          {text}
        </Text>
      ))}
    </>
  );
}

/** With what looks the same as one: each piece costs. */
function joined(spans: Line): { text: string; tone: Tone; at: number }[] {
  const all: { text: string; tone: Tone; at: number }[] = [];
  for (const { text, tone } of spans) {
    const last = all.at(-1);
    if (last?.tone === tone) last.text += text;
    else all.push({ text, tone, at: all.length });
  }
  return all;
}

function Lines({ lines, hasColours }: Coloured & { lines: readonly Line[] }): ReactElement {
  return (
    <>
      {lines.map((line, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a line is where it is, whatever it says
        <Text key={i} wrap="truncate">
          <Spans spans={line.length === 0 ? BLANK : line} hasColours={hasColours} />
        </Text>
      ))}
    </>
  );
}

/** Of nothing at all, Ink makes no line. */
const BLANK: Line = [{ text: ' ', tone: 'plain' }];

function Table({ screen, hasColours }: Coloured & { screen: Screen }): ReactElement {
  const { table, emptiness, blanks } = screen;
  return (
    <>
      {table.map((row, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: likewise
        <Row key={i} row={row} hasColours={hasColours} />
      ))}
      {emptiness === undefined ? null : <Text wrap="truncate">{`  ${emptiness}`}</Text>}
      {blanks > 0 ? <Box height={blanks} /> : null}
    </>
  );
}

/** The chosen one is marked by a sign too, for terminals that cannot show it otherwise; and so is the one in detail. */
function Row({ row, hasColours }: Coloured & { row: TableRow }): ReactElement {
  const { spans, isSelected, isDetailed } = row;
  const mark = `${isSelected ? '>' : ' '}${isDetailed ? '*' : ' '}`;
  if (isSelected) {
    return (
      <Text wrap="truncate" inverse={true}>
        {`${mark}${spans.map(({ text }) => text).join('')}`}
      </Text>
    );
  }
  return (
    <Text wrap="truncate">
      {mark}
      <Spans spans={spans} hasColours={hasColours} />
    </Text>
  );
}

const PROMPT = 'Filter: ';

/** What is typed, and below it what is wrong with it. A long line moves to the left. */
function Prompt({ draft, width, hasColours }: Coloured & { draft: Draft; width: number }): ReactElement {
  const room = Math.max(1, width - PROMPT.length - 1);
  const start = Math.max(0, draft.caret - room);
  const before = draft.text.slice(start, draft.caret);
  const under = draft.text[draft.caret] ?? ' ';
  const behind = draft.text.slice(draft.caret + 1, start + room);
  return (
    <>
      <Text wrap="truncate">
        {PROMPT}
        {before}
        <Text inverse={true}>{under}</Text>
        {behind}
      </Text>
      {draft.error === undefined ? null : (
        <>
          <Text>{`${' '.repeat(PROMPT.length + Math.max(0, Math.min(draft.error.position - start, room)))}^`}</Text>
          <Text wrap="truncate" {...(hasColours && { color: 'red' })}>
            {draft.error.message}
          </Text>
        </>
      )}
    </>
  );
}

const KEYS: readonly (readonly [string, string])[] = [
  ['Up Down j k', 'choose a row; PgUp PgDn Home End: further'],
  ['Enter', 'a socket in detail, and back; the sockets of a group'],
  ['Esc', 'back'],
  ['g, 1 2 3 4', 'rows are sockets, processes, remote addresses, namespaces'],
  ['s > <', 'sort by the next column, or the one before'],
  ['r', 'the other way round'],
  ['/', 'edit the filter: Enter applies it, Esc leaves it as it was'],
  ['l', 'connected sockets, listening ones, or all'],
  ['p Space', 'pause'],
  ['+ -', 'a longer or a shorter interval'],
  ['q', 'quit'],
];

function Help({ height }: { height: number }): ReactElement {
  const shown = KEYS.slice(0, height);
  return (
    <>
      {shown.map(([keys, meaning]) => (
        <Text key={keys} wrap="truncate">
          <Text bold={true}>{`  ${keys.padEnd(13)}`}</Text>
          {meaning}
        </Text>
      ))}
      {height > shown.length ? <Box height={height - shown.length} /> : null}
    </>
  );
}
