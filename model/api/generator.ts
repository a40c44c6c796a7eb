/** Runs of the generator as the API tells them. */
import { type Static, Type } from 'typebox';
import { Instant } from '#model/api/common.ts';
import { generatorTargets, weatherModes } from '#model/generator.ts';
import { customerClasses } from '#model/network.ts';

const orNull = <T extends Parameters<typeof Type.Union>[0][number]>(type: T) => Type.Union([type, Type.Null()]);
const share = Type.Number({ minimum: 0, maximum: 1, default: 0 });
const seconds = (maximum: number) => Type.Number({ minimum: 0, maximum, default: 0 });

/** What a run should do; what is left out has its default. */
export const GeneratorRequest = Type.Object(
  {
    within: Type.Optional(orNull(Type.String({ minLength: 1, maxLength: 128 }))),
    meters: Type.Optional(orNull(Type.Integer({ minimum: 1 }))),
    start: Type.Optional(Type.String({ description: 'first interval, ISO 8601 on a quarter of an hour' })),
    days: Type.Optional(Type.Number({ minimum: 0, maximum: 3660 })),
    live: Type.Optional(Type.Boolean()),
    seed: Type.Optional(Type.Integer({ minimum: 0, maximum: 2 ** 31 - 1 })),
    mix: Type.Optional(
      Type.Partial(
        Type.Object(
          Object.fromEntries(customerClasses.map((name) => [name, Type.Number({ minimum: 0, maximum: 20 })])),
          { additionalProperties: false },
        ),
      ),
    ),
    weather: Type.Optional(Type.Enum([...weatherModes])),
    events: Type.Optional(Type.Boolean()),
    faults: Type.Optional(Type.Number({ minimum: 0, maximum: 1000 })),
    loss: Type.Optional(share),
    duplicates: Type.Optional(share),
    disorder: Type.Optional(seconds(86_400)),
    lateness: Type.Optional(seconds(604_800)),
    skew: Type.Optional(seconds(86_400)),
    rate: Type.Optional(orNull(Type.Number({ minimum: 1, maximum: 10_000_000 }))),
    target: Type.Optional(Type.Enum([...generatorTargets])),
    format: Type.Optional(Type.Enum(['parquet', 'jsonl'])),
  },
  { additionalProperties: false },
);

export const generatorStates = ['queued', 'running', 'paused', 'done', 'failed', 'cancelled'] as const;
export type GeneratorState = (typeof generatorStates)[number];
export const generatorVerbs = ['pause', 'resume', 'cancel'] as const;
export type GeneratorVerb = (typeof generatorVerbs)[number];

export const GeneratorJob = Type.Object({
  id: Type.Integer(),
  state: Type.Enum([...generatorStates]),
  options: Type.Record(Type.String(), Type.Unknown()),
  meters: Type.Integer(),
  rows_expected: Type.Integer(),
  rows_done: Type.Integer(),
  events_done: Type.Integer(),
  byte_count: Type.Integer(),
  /** since the present process took the run up; null before that */
  readings_per_s: Type.Union([Type.Number(), Type.Null()]),
  /** of everything delivered; the command gives the same */
  sha256: Type.Union([Type.String(), Type.Null()]),
  error: Type.Union([Type.String(), Type.Null()]),
  /** why a running run does not move, in words */
  waits_for: Type.Union([Type.String(), Type.Null()]),
  /** source in the ledger, or the folder */
  delivers_to: Type.String(),
  command: Type.String(),
  created_by: Type.String(),
  created_at: Instant,
  updated_at: Instant,
  ended_at: Type.Union([Instant, Type.Null()]),
});
export type GeneratorJob = Static<typeof GeneratorJob>;

export const GeneratorEstimate = Type.Object({
  meters: Type.Integer(),
  readings: Type.Integer(),
  bytes: Type.Integer(),
  seconds: Type.Number(),
  /** what the seconds rest on: runs of this center, or the figure of the release */
  rate_from: Type.String(),
  warnings: Type.Array(Type.String()),
  command: Type.String(),
});
export type GeneratorEstimate = Static<typeof GeneratorEstimate>;
