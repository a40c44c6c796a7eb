/**
 * Two channels of one meter and interval become one net reading: consumption minus generation. A meter's intervals are
 * kept until its last record in the file; an interval that lacks a channel the meter has is set aside, because half of
 * a net value is not a value.
 */
import { readingQualities } from '#model/reading.ts';
import { countChannel, type FileNotes, type FileReading, type PieceBuilder } from '#sources/files/piece.ts';

export interface ChannelReading extends FileReading {
  channel: string;
  /** 1 consumption, -1 generation */
  sign: 1 | -1;
}

interface Cell {
  parts: Map<string, ChannelReading>;
}

export class NetMeter {
  readonly #channels: ReadonlySet<string>;
  readonly #out: PieceBuilder;
  readonly #notes: FileNotes;
  readonly #cells = new Map<number, Cell>();
  #minutes: number | undefined;

  /** @param channels all energy channels the meter has in the file */
  constructor(channels: ReadonlySet<string>, out: PieceBuilder, notes: FileNotes) {
    this.#channels = channels;
    this.#out = out;
    this.#notes = notes;
  }

  take(reading: ChannelReading): void {
    countChannel(this.#notes, reading.channel);
    if (this.#channels.size < 2) {
      this.#out.takeReading({ ...reading, wh: reading.sign * reading.wh });
      return;
    }
    this.#minutes ??= reading.minutes;
    if (reading.minutes !== this.#minutes) {
      this.#out.refuse(
        reading.line,
        'interval_mismatch',
        `channel ${reading.channel} has ${reading.minutes}-minute intervals where another channel of ${reading.meterId} has ${this.#minutes}; a net value needs the same`,
        JSON.stringify(reading),
      );
      return;
    }
    const cell = this.#cells.get(reading.startS);
    if (!cell) this.#cells.set(reading.startS, { parts: new Map([[reading.channel, reading]]) });
    else if (cell.parts.has(reading.channel)) {
      const before = cell.parts.get(reading.channel)!;
      // The later record is the correction; the earlier stays visible.
      cell.parts.set(reading.channel, reading);
      this.#out.refuse(
        before.line,
        'repeated_channel',
        `channel ${before.channel} has this interval again in line ${reading.line}; the later one counts`,
        JSON.stringify(before),
      );
    } else cell.parts.set(reading.channel, reading);
  }

  /** The meter's last record was taken: its net readings follow, in time order. */
  finish(): void {
    for (const startS of [...this.#cells.keys()].sort((a, b) => a - b))
      this.#land([...this.#cells.get(startS)!.parts.values()]);
    this.#cells.clear();
  }

  #land(parts: ChannelReading[]): void {
    this.#notes.netted += parts.length - 1;
    const [first] = parts;
    if (parts.length < this.#channels.size) {
      const missing = [...this.#channels].filter((channel) => !parts.some((part) => part.channel === channel));
      this.#out.refuse(
        first.line,
        'missing_channel',
        `channel ${missing.join(', ')} of ${first.meterId} lacks this interval; a net value needs all channels of the meter, send the file again with them`,
        JSON.stringify(parts),
      );
      return;
    }
    const rank = Math.max(...parts.map((part) => readingQualities.indexOf(part.quality)));
    this.#out.takeReading({
      ...first,
      wh: parts.reduce((sum, part) => sum + part.sign * part.wh, 0),
      quality: readingQualities[rank],
    });
  }
}
