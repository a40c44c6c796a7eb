/**
 * OpenDSS distribution models into the network model.
 *
 * `path` is a master script or a folder that holds one. Nothing is dropped silently: the report counts every element
 * read, with a reason, a place and a remedy for each one set aside.
 */
import { dirname, join } from 'node:path';
import { FluxError } from '#model/errors.ts';
import type { NetworkColumns } from '#model/network.ts';
import { buildNetwork } from './build_network.ts';
import { locate } from './coordinates.ts';
import { readEquipment } from './equipment.ts';
import { planFeeders } from './feeders.ts';
import { diskFiles, findMaster, type ScriptFiles } from './files.ts';
import { drawTree, interpolate } from './interpolate.ts';
import { type Circuit, interpret, readLooseCoordinates } from './interpreter.ts';
import { Findings, type ImportReport } from './report.ts';
import { summarise } from './summary.ts';
import { topologyOf } from './topology.ts';

export interface OpenDssOptions {
  /** projection of the bus coordinates */
  epsg?: number;
  /** where to put a drawing whose coordinates are no place on Earth, degrees */
  place?: { lon: number; lat: number };
  /** name of the network; where given, every id starts with `name:` */
  name?: string;
  /** feeders are `<feederPrefix>-F1`, ...; the circuit's name where not given */
  feederPrefix?: string;
  /** put before the names of loads to make meter ids */
  meterIdPrefix?: string;
}

export interface OpenDssResult {
  network: NetworkColumns;
  report: ImportReport;
}

/**
 * Reads an OpenDSS model. Synchronous: the largest public feeder takes about a quarter of a second.
 * @throws FluxError `opendss_no_master`, `opendss_unreadable`, `opendss_not_text`, `opendss_line_too_long`,
 * `opendss_missing_file`, `opendss_include_cycle`, `opendss_no_circuit`, `opendss_empty_circuit`,
 * `opendss_no_location`, `opendss_wrong_epsg`, `opendss_unknown_epsg`, `opendss_bad_place`, `duplicate_id`
 */
export function readOpenDss(path: string, options: OpenDssOptions, files: ScriptFiles = diskFiles): OpenDssResult {
  const findings = new Findings();
  const master = findMaster(files, path);
  const circuit = interpret(master, files, findings);
  if (circuit.coordinates.length === 0) findCoordinatesBeside(circuit, files, findings);
  const equipment = readEquipment(circuit, findings);
  if (equipment.branches.length === 0) {
    throw new FluxError(
      'opendss_empty_circuit',
      `${master}: circuit ${circuit.name} has no line, transformer or reactor that is in service (${findings.rejections.length} elements were set aside${findings.rejections.length > 0 ? `, first: ${findings.rejections[0].element}: ${findings.rejections[0].reason}` : ''}); check its Redirect lines`,
    );
  }
  const topology = topologyOf(equipment);
  const located = locate(circuit.coordinates, equipment, options, master, findings);
  const { lon, lat } = located;
  let interpolated = 0;
  if (located.report.order === 'none') drawTree(lon, lat, topology, options.place!);
  else interpolated = interpolate(lon, lat, equipment.branches, topology);
  const plan = planFeeders(equipment, topology, circuit.name);
  const name = options.name ?? circuit.name;
  const idPrefix = options.name === undefined ? '' : `${options.name}:`;
  const built = buildNetwork(
    {
      equipment,
      topology,
      plan,
      lon,
      lat,
      name,
      circuitName: circuit.name,
      idPrefix,
      feederPrefix: options.feederPrefix ?? circuit.name,
      meterIdPrefix: options.meterIdPrefix ?? '',
    },
    findings,
  );
  const report = summarise({
    circuit,
    equipment,
    topology,
    plan,
    built,
    findings,
    name,
    idPrefix,
    coordinates: { ...located.report, interpolated, bounds: boundsOf(lon, lat) },
  });
  return { network: built.network, report };
}

/** A script often leaves Buscoords to the one that runs it (IEEE 123): then the one coordinate file beside it is used. */
function findCoordinatesBeside(circuit: Circuit, files: ScriptFiles, findings: Findings): void {
  const folder = dirname(circuit.master);
  const candidates = files
    .list(folder)
    .filter((name) => /bus_?(coord|xy)/i.test(name) && /\.(dss|dat|csv|txt|xy)$/i.test(name));
  if (candidates.length !== 1) return;
  readLooseCoordinates(join(folder, candidates[0]), files, circuit);
  findings.warn(
    'coordinates_found_beside',
    'The script loads no bus coordinates; the one coordinate file in its folder was used.',
    { file: circuit.master, line: 0, element: candidates[0] },
  );
}

function boundsOf(lon: Float64Array, lat: Float64Array): [number, number, number, number] {
  const bounds: [number, number, number, number] = [180, 90, -180, -90];
  for (let bus = 0; bus < lon.length; bus++) {
    bounds[0] = Math.min(bounds[0], lon[bus]);
    bounds[1] = Math.min(bounds[1], lat[bus]);
    bounds[2] = Math.max(bounds[2], lon[bus]);
    bounds[3] = Math.max(bounds[3], lat[bus]);
  }
  return bounds;
}
