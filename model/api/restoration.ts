import { type Static, Type } from 'typebox';
import { Instant } from '#model/api/common.ts';
import { homeStatuses, languages } from '#model/public_words.ts';

const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(type: T) => Type.Union([type, Type.Null()]);

export const Language = Type.Enum([...languages]);

export const RestorationQuery = Type.Object({
  meter: Type.Optional(Type.String({ minLength: 1, maxLength: 128, description: 'meter number as on the bill' })),
  account: Type.Optional(Type.String({ minLength: 1, maxLength: 40, description: 'account number as on the bill' })),
  address: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 200,
      description: 'house number and street, with unit and place if need be',
    }),
  ),
  lang: Type.Optional(Language),
});

/** A place that fits what was asked; says nothing about its supply. */
export const Candidate = Type.Object({ address: Type.String() });

export const Restoration = Type.Object({
  /** `several`: more than one home fits, see `candidates`; nothing is said of any of them */
  status: Type.Enum([...homeStatuses, 'several']),
  headline: Type.String(),
  cause: Nullable(Type.String()),
  since: Nullable(Instant),
  etr: Nullable(Type.Object({ from: Instant, to: Instant, source: Type.String() })),
  etr_words: Nullable(Type.String()),
  crew: Nullable(Type.String()),
  next_step: Type.String(),
  /** when something about this outage last changed */
  updated_at: Nullable(Instant),
  candidates: Type.Array(Candidate),
  /** until when the outages are known here */
  as_of: Instant,
  age_s: Type.Integer(),
});
export type Restoration = Static<typeof Restoration>;
