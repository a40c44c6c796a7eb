/** Temperatures: NREL's typical meteorological year (TMY3), and any CSV with the columns `time` and `temperature_c`. */
import { FluxError } from '#model/errors.ts';
import { fieldsOf, linesOf, numberOf } from '#sources/files/lines.ts';
import type { FileInput } from '#sources/files/piece.ts';

export interface Temperature {
  /** UTC epoch seconds */
  atS: number;
  temperatureC: number;
}

export interface WeatherPiece {
  temperatures: Temperature[];
  refused: { line: number; code: string; reason: string }[];
}

type Problem = { code: string; reason: string };
type Read = (fields: string[]) => Temperature | Problem;

/**
 * The first line tells the two apart.
 * @param year puts a typical year, whose months come from different years, into this one; needed for TMY3
 * @throws FluxError `bad_header`, `empty_file`, `bad_usage`
 */
export async function* readWeather(input: FileInput, year?: number): AsyncGenerator<WeatherPiece> {
  let read: Read | undefined;
  let station: string[] | undefined;
  let hasBegun = false;
  for await (const { first, texts } of linesOf(input)) {
    const piece: WeatherPiece = { temperatures: [], refused: [] };
    for (let i = 0; i < texts.length; i++) {
      if (texts[i].trim() === '') continue;
      const fields = fieldsOf(texts[i]).map((field) => field.trim());
      if (!read) {
        if (station) read = tmy3Reader(station, fields, year);
        else if (!hasBegun && fields.length === 7 && !fields.includes('time')) station = fields;
        else read = csvReader(fields);
        hasBegun = true;
        continue;
      }
      const value = read(fields);
      if ('code' in value) piece.refused.push({ line: first + i, ...value });
      else piece.temperatures.push(value);
    }
    yield piece;
  }
  if (!read) throw new FluxError('empty_file', 'the file holds no observations');
}

/** Colder and hotter than anything measured on Earth is a broken sensor. */
function temperatureOf(text: string, name: string): number | Problem {
  const celsius = numberOf(text);
  if (celsius >= -90 && celsius <= 60) return celsius;
  return { code: 'bad_temperature', reason: `${name} '${text}' must be a number of degrees Celsius, -90 to 60` };
}

/** Local standard time all year, hours 01:00 to 24:00; the station's line gives the offset in hours. */
function tmy3Reader(station: string[], header: string[], year: number | undefined): Read {
  const [date, time, dryBulb] = ['Date (MM/DD/YYYY)', 'Time (HH:MM)', 'Dry-bulb (C)'].map((name) =>
    header.indexOf(name),
  );
  const offsetH = numberOf(station[3] ?? '');
  if (date < 0 || time < 0 || dryBulb < 0 || !(Math.abs(offsetH) <= 14))
    throw new FluxError(
      'bad_header',
      'lines 1 and 2 are not those of a TMY3 file (station with its time zone; Date, Time, Dry-bulb), nor is line 1 time,temperature_c',
    );
  if (year === undefined)
    throw new FluxError(
      'bad_usage',
      'a typical year has months of different years: say with --year which it stands for',
    );
  return (fields) => {
    const day = /^(\d\d)\/(\d\d)\/\d{4}$/.exec(fields[date] ?? '');
    const hour = /^(\d\d):00$/.exec(fields[time] ?? '');
    if (!day || !hour || Number(hour[1]) > 24)
      return { code: 'bad_time', reason: `'${fields[date]} ${fields[time]}' must be MM/DD/YYYY and HH:00` };
    const celsius = temperatureOf(fields[dryBulb] ?? '', 'dry-bulb temperature');
    if (typeof celsius === 'object') return celsius;
    const atMs = Date.UTC(year, Number(day[1]) - 1, Number(day[2]), Number(hour[1])) - offsetH * 3_600_000;
    return { atS: atMs / 1000, temperatureC: celsius };
  };
}

const isoWithZone = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)$/;

function csvReader(header: string[]): Read {
  const [time, celsius] = [header.indexOf('time'), header.indexOf('temperature_c')];
  if (time < 0 || celsius < 0) throw new FluxError('bad_header', 'line 1 must name the columns time and temperature_c');
  return (fields) => {
    const text = fields[time] ?? '';
    const ms = isoWithZone.test(text) ? Date.parse(text) : Number.NaN;
    if (Number.isNaN(ms) || fields.length !== header.length)
      return {
        code: 'bad_time',
        reason: `time '${text}' must be ISO 8601 with a zone, in a line as wide as the header`,
      };
    const value = temperatureOf(fields[celsius], 'temperature_c');
    return typeof value === 'object' ? value : { atS: Math.floor(ms / 1000), temperatureC: value };
  };
}
