/** The commands of OpenDSS in its own order: a verb may be cut short to the first command that starts with it. */

const commandNames =
  'new edit more m ~ select save show solve enable disable plot reset compile set dump open close redirect help quit ? ' +
  'next panel sample clear about calcvoltagebases setkvbase buildy get init export fileedit voltages currents powers ' +
  'seqvoltages seqcurrents seqpowers losses phaselosses cktlosses allocateloads formedit totals capacity classes ' +
  'userclasses zsc zsc10 zsc012 refresh ysc puvoltages varvalues varnames buscoords makebuslist makeposseq reduce ' +
  'interpolate alignfile top rotate vdiff summary distribute di_plot comparecases yearlycurves cd doscmd varlist ' +
  'visualize closedi estimate reconductor _initsnap _solvenocontrol _samplecontrols _docontrolactions ' +
  '_showcontrolqueue _solvedirect _solvepflow addbusmarker uuids guids setloadandgenkv cvrtloadshapes nodediff rephase ' +
  'setbusxy updatestorage obfuscate latlongcoords batchedit pstcalc variable reprocessbuses clearbusmarkers relcalc ' +
  'var cleanup finishtimestep nodelist newactor solveall calcincmatrix calcincmatrix_o tear_circuit connect disconnect ' +
  'remove abort calclaplacian clone fncspublish exportoverloads exportvviolations zsc012 aggregateprofiles allpceatbus ' +
  'allpdeatbus comhelp wait setpce import_wires gis allocateload';

const commandList = commandNames.split(' ');

const handled = new Set([
  'new',
  'edit',
  'more',
  'select',
  'batchedit',
  'open',
  'close',
  'enable',
  'disable',
  'redirect',
  'compile',
  'buscoords',
  'latlongcoords',
  'clear',
  'set',
] as const);
export type HandledCommand = typeof handled extends Set<infer T> ? T : never;

/** What a verb asks for: a command the importer follows, one it skips, or undefined where OpenDSS has none. */
export function resolveCommand(verb: string): HandledCommand | 'skipped' | undefined {
  const wanted = verb.toLowerCase();
  if (wanted === '~' || wanted === 'm') return 'more';
  if (wanted === '') return undefined;
  const full = commandList.includes(wanted) ? wanted : commandList.find((name) => name.startsWith(wanted));
  if (full === undefined) return undefined;
  return (handled as ReadonlySet<string>).has(full) ? (full as HandledCommand) : 'skipped';
}
