/** The ODIN feed against the profile, by xmllint: what a receiver would do. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import { outageStates } from '#model/api/outages.ts';
import { causeKinds } from '#model/public_words.ts';
import { type OdinOutage, odinDocument } from './odin.ts';

const run = promisify(execFile);
const schema = path.join(import.meta.dirname, 'odin.xsd');
const xmllint = ['/usr/bin/xmllint', '/usr/local/bin/xmllint'].find((file) => existsSync(file));
const skip = !xmllint && process.env.CI === undefined ? 'xmllint (libxml2-utils) is not there' : false;

/** @returns '' where the document is valid, else what xmllint says */
async function problemsOf(document: string): Promise<string> {
  const folder = await fs.mkdtemp(path.join(os.tmpdir(), 'flux-odin-'));
  const file = path.join(folder, 'feed.xml');
  try {
    await fs.writeFile(file, document);
    await run(xmllint ?? 'xmllint', ['--noout', '--nonet', '--schema', schema, file]);
    return '';
  } catch (error) {
    return String((error as { stderr?: string }).stderr);
  } finally {
    await fs.rm(folder, { recursive: true });
  }
}

const base: OdinOutage = {
  id: '0a1b2c3d4e5f60718293',
  state: 'confirmed',
  cause: 'lightning',
  causeWords: 'Lightning <& "rain">\u0007 ]]>',
  community: 'Montrose & Alief',
  metersAffected: 40,
  originalMetersAffected: 55,
  customersServed: 12_000,
  since: '2026-07-04T18:15:00.000Z',
  etr: '2026-07-04T21:00:00.000Z',
  etrSpreadS: 3600,
  etrSource: 'computed from outages like this one',
  hasCrew: true,
  lon: -95.38875,
  lat: 29.745,
};
/** every state, cause, with and without estimate and crew */
const all: OdinOutage[] = outageStates.flatMap((state, i) =>
  [null, ...causeKinds].map((cause, k) => {
    const estimate = k % 2 ? {} : { etr: null, etrSpreadS: null, etrSource: null };
    return { ...base, ...estimate, id: `${state}-${cause}`, state, cause, hasCrew: (i + k) % 2 === 0 };
  }),
);

describe('ODIN', { skip }, () => {
  test('the feed is valid: empty, and with every state and cause', async () => {
    assert.equal(await problemsOf(odinDocument([], 'none')), '');
    assert.equal(await problemsOf(odinDocument(all, 'Preliminary; subject to change.')), '');
  });

  test('the schema finds what is wrong', async () => {
    const good = odinDocument([base], 'x');
    const wrong: Record<string, string> = {
      'a missing name': good.replace(/<Names>.*<\/Names>/, ''),
      'another namespace': good.replace('FROutages#', 'Outages#'),
      'a time without zone': good.replaceAll('.000Z', ''),
      'an unknown kind': good.replace('>confirmed<', '>sure<'),
      'a negative count': good.replace('<metersAffected>40', '<metersAffected>-1'),
      'members in another order': good.replace(/(<mRID>.*?<\/mRID>)(<cause>.*?<\/cause>)/, '$2$1'),
      'the same outage twice': odinDocument([base, base], 'x'),
    };
    for (const [what, document] of Object.entries(wrong)) {
      assert.notEqual(document, good, what);
      assert.match(await problemsOf(document), /error/, what);
    }
  });
});
