/** Text files by lines: bounded memory, line numbers from 1, a last line without a newline counts. */
import type { FileInput } from '#sources/files/piece.ts';

export interface Lines {
  /** number of the first */
  first: number;
  texts: string[];
}

/** No record of any format we read is longer: what is, is damage, and would otherwise fill the memory. */
const maxLineLength = 1_048_576;
/** Stands for a line that was longer: no format takes it for a record. */
export const overlongLine = '\u0000';

/** Invalid UTF-8 becomes U+FFFD, which no field accepts. */
export async function* linesOf(input: FileInput): AsyncGenerator<Lines> {
  const decoder = new TextDecoder('utf-8');
  let rest = '';
  let isOverlong = false;
  let first = 1;
  const cut = (text: string): string[] => {
    const texts = (rest + text).split('\n');
    rest = texts.pop()!;
    for (let i = 0; i < texts.length; i++) {
      if (texts[i].length > maxLineLength) texts[i] = overlongLine;
      else if (texts[i].endsWith('\r')) texts[i] = texts[i].slice(0, -1);
    }
    if (isOverlong && texts.length > 0) {
      texts[0] = overlongLine;
      isOverlong = false;
    }
    if (rest.length > maxLineLength || isOverlong) {
      isOverlong = true;
      rest = '';
    }
    return texts;
  };
  for await (const chunk of input.open()) {
    const texts = cut(decoder.decode(chunk, { stream: true }));
    if (texts.length > 0) yield { first, texts };
    first += texts.length;
  }
  const last = cut(`${decoder.decode()}\n`);
  if (last[last.length - 1] === '') last.pop();
  if (last.length > 0) yield { first, texts: last };
}

/**
 * The fields of one line. A quoted field ends with its line: a stray quote costs one record here, where a reader that
 * follows quotes over line ends would lose the rest of the file.
 */
export function fieldsOf(line: string, delimiter = ','): string[] {
  if (!line.includes('"')) return line.split(delimiter);
  const fields: string[] = [];
  let field = '';
  let isQuoted = false;
  for (let i = 0; i < line.length; i++) {
    const character = line[i];
    if (character === '"') {
      if (isQuoted && line[i + 1] === '"') field += line[++i];
      else isQuoted = !isQuoted;
    } else if (character === delimiter && !isQuoted) {
      fields.push(field);
      field = '';
    } else field += character;
  }
  fields.push(field);
  return fields;
}

const plainNumber = /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?$/;

/** A number as meters write them, NaN for anything else: `Number('')` is 0 and `Number('0x10')` is 16. */
export function numberOf(text: string): number {
  const trimmed = text.trim();
  return plainNumber.test(trimmed) ? Number(trimmed) : Number.NaN;
}
