/** Files of readings as the API shows them. */
import { type Static, Type } from 'typebox';
import { Instant } from '#model/api/common.ts';

export const fileStates = ['loading', 'loaded', 'duplicate', 'set_aside'] as const;

export const FileLoad = Type.Object({
  id: Type.Integer(),
  origin: Type.Enum(['folder', 'bucket', 'import']),
  name: Type.String(),
  byte_count: Type.Integer(),
  sha256: Type.Union([Type.String(), Type.Null()]),
  state: Type.Enum([...fileStates]),
  code: Type.Union([Type.String(), Type.Null()]),
  reason: Type.Union([Type.String(), Type.Null()]),
  /** id of the load of an earlier file of this name */
  replaces: Type.Union([Type.Integer(), Type.Null()]),
  /** id of the load of the same content */
  duplicate_of: Type.Union([Type.Integer(), Type.Null()]),
  records: Type.Integer({ description: 'records that are durable, landed or set aside' }),
  accepted: Type.Integer(),
  set_aside: Type.Integer(),
  first_seen: Instant,
  finished_at: Type.Union([Instant, Type.Null()]),
});
export type FileLoad = Static<typeof FileLoad>;
