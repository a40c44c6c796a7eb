/** Crews from a CSV file: good rows are kept beside bad ones, and a bad one is named with line, field and remedy. */
import { type CrewKind, type CrewSkill, crewKinds, crewSkills } from '#model/api/crews.ts';
import { FluxError, messageOf } from '#model/errors.ts';
import { skillsOfKind } from './needs.ts';
import { readShifts } from './shifts.ts';
import type { CrewMaster } from './sql.ts';

export const rosterColumns = [
  'id',
  'name',
  'kind',
  'skills',
  'size',
  'area',
  'phone',
  'radio',
  'base_lon',
  'base_lat',
  'shifts',
] as const;
type Column = (typeof rosterColumns)[number];
const required: readonly Column[] = ['id', 'name', 'kind', 'area', 'base_lon', 'base_lat'];

export interface RefusedRow {
  line: number;
  field: string;
  code: string;
  reason: string;
}

export interface RosterFile {
  crews: CrewMaster[];
  refused: RefusedRow[];
}

class Refused extends Error {
  readonly field: Column;
  constructor(field: Column, message: string) {
    super(message);
    this.field = field;
  }
}

/**
 * @param lines fields of each line, the header first
 * @throws FluxError `bad_header`
 */
export function readRoster(lines: { line: number; fields: string[] }[], hasArea: (id: string) => boolean): RosterFile {
  const [header, ...rows] = lines;
  const names = (header?.fields ?? []).map((name) =>
    name
      .trim()
      .replace(/^\uFEFF/, '')
      .toLowerCase(),
  );
  const missing = required.filter((name) => !names.includes(name));
  const unknown = names.filter((name) => !rosterColumns.some((known) => known === name));
  if (missing.length > 0 || unknown.length > 0)
    throw new FluxError(
      'bad_header',
      `the first line must name the columns ${rosterColumns.join(', ')}${missing.length > 0 ? `; missing: ${missing.join(', ')}` : ''}${unknown.length > 0 ? `; not known: ${unknown.join(', ')}` : ''}`,
    );
  const crews = new Map<string, CrewMaster>();
  const refused: RefusedRow[] = [];
  for (const { line, fields } of rows) {
    try {
      if (fields.length !== names.length)
        throw new Refused(
          'id',
          `${fields.length} fields where the header has ${names.length}; quote fields with commas`,
        );
      const crew = readRow((column) => fields[names.indexOf(column)]?.trim() ?? '', hasArea);
      if (crews.has(crew.crew_id)) throw new Refused('id', `crew ${crew.crew_id} stands above already; remove one`);
      crews.set(crew.crew_id, crew);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      refused.push({ line, field: error.field, code: `bad_${error.field}`, reason: error.message });
    }
  }
  return { crews: [...crews.values()], refused };
}

function readRow(field: (column: Column) => string, hasArea: (id: string) => boolean): CrewMaster {
  const text = (column: Column, longest: number): string => {
    const value = field(column);
    if (value === '' && required.includes(column)) throw new Refused(column, `${column} is empty; fill it in`);
    if (value.length > longest) throw new Refused(column, `${column} is longer than ${longest} characters; shorten it`);
    return value;
  };
  const number = (column: Column, low: number, high: number, otherwise?: number): number => {
    const value = field(column);
    if (value === '' && otherwise !== undefined) return otherwise;
    const parsed = value === '' ? Number.NaN : Number(value);
    if (!(parsed >= low && parsed <= high))
      throw new Refused(column, `${column} must be a number from ${low} to ${high}, not "${value}"`);
    return parsed;
  };
  const id = text('id', 64);
  if (!/^[\w.-]+$/.test(id)) throw new Refused('id', `id "${id}" may hold letters, digits, dot, dash and underscore`);
  const kind = field('kind').toLowerCase().replaceAll(' ', '_') as CrewKind;
  if (!crewKinds.includes(kind))
    throw new Refused('kind', `kind must be one of ${crewKinds.join(', ')}, not "${field('kind')}"`);
  const size = number('size', 1, 50, 1);
  if (!Number.isInteger(size)) throw new Refused('size', `size is the number of persons, not "${field('size')}"`);
  const area = text('area', 64);
  if (!hasArea(area)) throw new Refused('area', `there is no area ${area}; see /api/network/substations for the ids`);
  return {
    crew_id: id,
    name: text('name', 80),
    kind,
    skills: skillsFrom(field('skills'), kind),
    size,
    area_id: area,
    phone: text('phone', 40) || null,
    radio: text('radio', 40) || null,
    home_lon: number('base_lon', -180, 180),
    home_lat: number('base_lat', -90, 90),
    shifts: shiftsFrom(field('shifts')),
  };
}

function skillsFrom(text: string, kind: CrewKind): CrewSkill[] {
  if (text === '') return skillsOfKind[kind];
  const skills = text.split(/[|;\s]+/).filter((skill) => skill !== '');
  const wrong = skills.find((skill) => !crewSkills.some((known) => known === skill));
  if (wrong) throw new Refused('skills', `skill "${wrong}" is not known; use ${crewSkills.join(', ')}, with | between`);
  return crewSkills.filter((skill) => skills.includes(skill));
}

function shiftsFrom(text: string) {
  try {
    return readShifts(text);
  } catch (error) {
    throw new Refused('shifts', messageOf(error));
  }
}
