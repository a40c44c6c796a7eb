/**
 * Property names in class order: values without a name take the next place, and a name may be cut short to the first
 * one that starts with it. Only the classes that become equipment stand here; of every other class the properties are
 * not looked at. Names and order are those of the OpenDSS manual (EPRI); a test holds them against real scripts.
 */
const propertyNames: Record<string, string> = {
  line: 'bus1 bus2 linecode length phases r1 x1 r0 x0 c1 c0 rmatrix xmatrix cmatrix switch rg xg rho geometry units spacing wires earthmodel cncables tscables b1 b0 seasons ratings linetype normamps emergamps faultrate pctperm repair basefreq enabled like conductors',
  linecode:
    'nphases r1 x1 r0 x0 c1 c0 units rmatrix xmatrix cmatrix basefreq normamps emergamps faultrate pctperm repair kron rg xg rho neutral b1 b0 seasons ratings linetype like',
  linegeometry:
    'nconds nphases cond wire x h units normamps emergamps reduce spacing wires cncable tscable cncables tscables seasons ratings linetype like',
  transformer:
    'phases windings wdg bus conn kv kva tap %r rneut xneut buses conns kvs kvas taps xhl xht xlt xscarray thermal n m flrise hsrise %loadloss %noloadloss normhkva emerghkva sub maxtap mintap numtaps subname %imag ppm_antifloat %rs bank xfmrcode xrconst x12 x13 x23 leadlag wdgcurrents core rdcohms seasons ratings normamps emergamps faultrate pctperm repair basefreq enabled like',
  xfmrcode:
    'phases windings wdg conn kv kva tap %r rneut xneut conns kvs kvas taps xhl xht xlt xscarray thermal n m flrise hsrise %loadloss %noloadloss normhkva emerghkva maxtap mintap numtaps %imag ppm_antifloat %rs x12 x13 x23 rdcohms seasons ratings like',
  load: 'phases bus1 kv kw pf model yearly daily duty growth conn kvar rneut xneut status class vminpu vmaxpu vminnorm vminemerg xfkva allocationfactor kva %mean %stddev cvrwatts cvrvars kwh kwhdays cfactor cvrcurve numcust zipv %seriesrl relweight vlowpu puxharm xrharm spectrum basefreq enabled like',
  capacitor:
    'bus1 bus2 phases kvar kv conn cmatrix cuf r xl harm numsteps states normamps emergamps faultrate pctperm repair basefreq enabled like',
  reactor:
    'bus1 bus2 phases kvar kv conn rmatrix xmatrix parallel r x rp z1 z2 z0 z rcurve lcurve lmh normamps emergamps faultrate pctperm repair basefreq enabled like',
  regcontrol:
    'transformer winding vreg band ptratio ctprim r x bus delay reversible revvreg revband revr revx tapdelay debugtrace maxtapchange inversetime tapwinding vlimit ptphase revthreshold revdelay revneutral eventlog remoteptratio tapnum reset ldc_z rev_z cogen basefreq enabled like',
  fuse: 'monitoredobj monitoredterm switchedobj switchedterm fusecurve ratedcurrent delay action normal state basefreq enabled like',
  recloser:
    'monitoredobj monitoredterm switchedobj switchedterm numfast phasefast phasedelayed groundfast grounddelayed phasetrip groundtrip phaseinst groundinst reset shots recloseintervals delay action tdphfast tdgrfast tdphdelayed tdgrdelayed normal state basefreq enabled like',
  relay:
    'monitoredobj monitoredterm switchedobj switchedterm type phasecurve groundcurve phasetrip groundtrip tdphase tdground phaseinst groundinst reset shots recloseintervals delay overvoltcurve undervoltcurve kvbase 47%pickup 46baseamps 46%pickup 46isqt variable overtrip undertrip breakertime action z1mag z1ang z0mag z0ang mphase mground eventlog debugtrace distreverse normal state doc_tiltanglelow doc_tiltanglehigh doc_tripsettinglow doc_tripsettinghigh doc_tripsettingmag doc_delayinner doc_phasecurveinner doc_phasetripinner doc_tdphaseinner doc_p1blocking basefreq enabled like',
  swtcontrol: 'switchedobj switchedterm action lock delay normal state reset basefreq enabled like',
  vsource:
    'bus1 basekv pu angle frequency phases mvasc3 mvasc1 x1r1 x0r0 isc3 isc1 r1 x1 r0 x0 scantype sequence bus2 z1 z0 z2 puz1 puz0 puz2 basemva yearly daily duty model puzideal spectrum basefreq enabled like',
  autotrans:
    'phases windings wdg bus conn kv kva tap %r rdcohms core buses conns kvs kvas taps xhx xht xxt xscarray thermal n m flrise hsrise %loadloss %noloadloss normhkva emerghkva sub maxtap mintap numtaps subname %imag ppm_antifloat %rs bank xrconst leadlag wdgcurrents normamps emergamps faultrate pctperm repair basefreq enabled like',
};

const propertiesOf = new Map(Object.entries(propertyNames).map(([name, names]) => [name, names.split(' ')]));

/** Every class that OpenDSS knows, lower case; an element of another class is a mistake in the script. */
export const knownClasses: ReadonlySet<string> = new Set(
  (
    'circuit ' +
    'linecode loadshape tshape priceshape xycurve growthshape tcc_curve spectrum wiredata cndata tsdata linespacing linegeometry xfmrcode line vsource isource vccs load transformer regcontrol capacitor reactor capcontrol fault dynamicexp generator gendispatcher storage storagecontroller relay recloser fuse swtcontrol pvsystem upfc upfccontrol espvlcontrol indmach012 gicsource autotrans invcontrol expcontrol gicline gictransformer vsconverter monitor energymeter sensor windgen pvsystem2 storage2 sensor monitor fmonitor feeder generic5'
  ).split(' '),
);

/** The properties of a class in order; undefined where the importer does not look at its properties. */
export function propertiesOfClass(className: string): readonly string[] | undefined {
  return propertiesOf.get(className === 'circuit' ? 'vsource' : className);
}

/** The full name of a property that may be abbreviated; undefined where the class has none that starts so. */
export function resolveProperty(properties: readonly string[], name: string): string | undefined {
  const wanted = name.toLowerCase();
  if (properties.includes(wanted)) return wanted;
  return properties.find((property) => property.startsWith(wanted));
}
