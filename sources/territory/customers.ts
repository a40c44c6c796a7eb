/** Who the meters belong to: class, peak demand, critical use, and the transformer that is large enough for them. */
import { customerClasses } from '#model/network.ts';
import type { Service } from './feeder_plan.ts';
import type { Random } from './random.ts';

export interface Customer {
  customerClass: number;
  critical: number;
  peakKw: number;
}

const [residential, smallCommercial, largeCommercial, industrial, streetLighting] = customerClasses.keys();
const [none, lifeSupport, hospital, shelter, water, publicSafety, school] = [0, 1, 2, 3, 4, 5, 6];

/** e^x for |x| < 2 by its series: the same bits everywhere. */
function expSeries(x: number): number {
  let sum = 1;
  let term = 1;
  for (let k = 1; k < 12; k++) {
    term = (term * x) / k;
    sum += term;
  }
  return sum;
}

const lognormal = (median: number, spread: number, random: Random): number =>
  Math.round(median * expSeries(spread * random.normal()) * 100) / 100;

/** The customers behind one transformer. */
export function customersOf(service: Service, random: Random): Customer[] {
  const customers: Customer[] = [];
  for (let k = 0; k < service.meters; k++) {
    if (service.kind === 'large') customers.push(large(random));
    else if (service.kind === 'industrial') {
      customers.push({
        customerClass: industrial,
        critical: random.chance(0.04) ? water : none,
        peakKw: lognormal(520, 0.6, random),
      });
    } else if (service.kind === 'shops') customers.push(random.chance(0.92) ? shop(random) : home(random, 4.2));
    else if (service.kind === 'houses' && k > 2 && k === service.meters - 1 && random.chance(0.1)) {
      customers.push({ customerClass: streetLighting, critical: none, peakKw: lognormal(1.6, 0.3, random) });
    } else if (random.chance(0.032)) customers.push(shop(random));
    else customers.push(home(random, service.kind === 'apartments' ? 3.1 : 5.1));
  }
  return customers;
}

function home(random: Random, medianKw: number): Customer {
  return {
    customerClass: residential,
    critical: random.chance(0.003) ? lifeSupport : none,
    peakKw: lognormal(medianKw, 0.33, random),
  };
}

function shop(random: Random): Customer {
  const drawn = random.unit();
  const critical = drawn < 0.004 ? publicSafety : drawn < 0.0065 ? water : drawn < 0.008 ? shelter : none;
  return { customerClass: smallCommercial, critical, peakKw: lognormal(11, 0.6, random) };
}

function large(random: Random): Customer {
  const drawn = random.unit();
  const critical =
    drawn < 0.012 ? hospital : drawn < 0.07 ? school : drawn < 0.085 ? water : drawn < 0.1 ? shelter : none;
  return {
    customerClass: largeCommercial,
    critical,
    peakKw: lognormal(critical === hospital ? 700 : 150, 0.6, random),
  };
}

const singlePhaseKva = [10, 15, 25, 37.5, 50, 75, 100, 167];
const threePhaseKva = [150, 225, 300, 500, 750, 1000, 1500];

/**
 * The standard size above the expected coincident peak. Sizing scatters as in the field (loads grow, stock runs out):
 * a few percent end up too small.
 */
export function sizeTransformer(customers: readonly Customer[], threePhase: boolean, random: Random): number {
  let sumKw = 0;
  for (const customer of customers) sumKw += customer.peakKw;
  const n = customers.length;
  const coincidence = n === 1 ? 0.9 : 0.42 + 0.5 / (1 + 0.25 * n);
  const wanted = ((sumKw * coincidence) / 0.95) * (0.82 + 0.62 * random.unit());
  const sizes = threePhase ? threePhaseKva : singlePhaseKva;
  return sizes.find((kva) => kva >= wanted) ?? sizes[sizes.length - 1];
}
