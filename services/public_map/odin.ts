/**
 * Outages as ODIN takes them: XML in the CIM outage profile (namespace below). odin.xsd beside this file is the profile as
 * far as public documents tell it; SPEC.md names them.
 */
import type { Outage } from '#model/api/outages.ts';
import type { CauseKind } from '#model/public_words.ts';

export const odinNamespace = 'http://iec.ch/TC57/2014/FROutages#';

/** One outage for the feed; counts are as exact as the feed may be. */
export interface OdinOutage {
  /** unique and stable */
  id: string;
  state: Outage['state'];
  cause: CauseKind | null;
  causeWords: string;
  community: string;
  metersAffected: number;
  originalMetersAffected: number;
  customersServed: number;
  since: string;
  etr: string | null;
  /** how far P50 and P90 are apart, s; null where there is no estimate */
  etrSpreadS: number | null;
  etrSource: string | null;
  hasCrew: boolean;
  lon: number;
  lat: number;
}

const outageKinds: Partial<Record<Outage['state'], string>> = {
  predicted: 'predicted',
  probable: 'predicted',
  partly_restored: 'partiallyRestored',
  restored: 'restored',
  closed: 'closed',
};
const crewStatus: Partial<Record<Outage['state'], string>> = {
  assigned: 'assigned',
  en_route: 'enroute',
  on_site: 'arrived',
  partly_restored: 'arrived',
  restored: 'fieldComplete',
  closed: 'fieldComplete',
};
/** The profile has few kinds of cause ("lightingStrike" is how the standard spells it); others are told in words alone. */
const causeKinds: Partial<Record<CauseKind, string>> = {
  lightning: 'lightingStrike',
  animal: 'animal',
  vegetation: 'treeDown',
};
/** An estimate narrower than this is one of high confidence. */
const highConfidenceS = 7200;

const xml = (text: string): string =>
  text
    // characters XML 1.0 does not have
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones to take out
    .replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
const element = (name: string, value: string | number | null | undefined): string =>
  value === null || value === undefined ? '' : `<${name}>${typeof value === 'number' ? value : xml(value)}</${name}>`;

export function odinDocument(outages: readonly OdinOutage[], disclaimer: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>
<PubOutages xmlns="${odinNamespace}">
${outages.map((outage) => outageElement(outage, disclaimer)).join('\n')}
</PubOutages>
`;
}

function outageElement(outage: OdinOutage, disclaimer: string): string {
  const restored = Math.max(0, outage.originalMetersAffected - outage.metersAffected);
  const crew = crewStatus[outage.state] ?? (outage.hasCrew ? 'assigned' : 'awaitingCrewAssignment');
  const etr =
    outage.etr === null
      ? ''
      : `<EstimatedRestorationTime>${element('confidenceKind', (outage.etrSpreadS ?? Number.POSITIVE_INFINITY) <= highConfidenceS ? 'high' : 'low')}${element('ert', outage.etr)}${element('ertSource', outage.etrSource)}</EstimatedRestorationTime>`;
  return `<Outage>${element('mRID', outage.id)}${element('cause', outage.causeWords)}${element('causeKind', outage.cause && causeKinds[outage.cause])}${element('communityDescriptor', outage.community)}${element('customersRestored', restored)}${element('metersAffected', outage.metersAffected)}${element('originalCustomersServed', outage.customersServed)}${element('originalMetersAffected', outage.originalMetersAffected)}${element('outageKind', outageKinds[outage.state] ?? 'confirmed')}${element('reportedStartTime', outage.since)}${element('statusKind', crew)}${element('utilityDisclaimer', disclaimer)}<actualPeriod>${element('start', outage.since)}</actualPeriod>${etr}<Incident>${element('cause', outage.causeWords)}<Location><CoordinateSystem>${element('crsUrn', 'urn:ogc:def:crs:EPSG::4326')}</CoordinateSystem><PositionPoints>${element('xPosition', String(outage.lon))}${element('yPosition', String(outage.lat))}</PositionPoints></Location></Incident><Names>${element('name', outage.id)}</Names><OutageArea>${element('earliestReportedTime', outage.since)}${element('metersServed', outage.customersServed)}${element('outageAreaKind', 'serviceArea')}</OutageArea></Outage>`;
}
