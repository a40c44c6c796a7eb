import { useQuery } from '@tanstack/react-query';
import { useDeferredValue } from 'react';
import {
  type GeneratorFormat,
  type GeneratorOptions,
  type GeneratorTarget,
  generatorTargets,
  type WeatherMode,
  weatherModes,
} from '#model/generator.ts';
import { customerClasses } from '#model/network.ts';
import { searchNetwork } from '../lib/api/endpoints.ts';
import { words } from '../lib/time/format.ts';
import { Choice, Field, Group, NumberField } from './fields.tsx';
import { type Problems, type Scope, scopeOf, targetWords } from './options.ts';

interface FormProps {
  options: GeneratorOptions;
  problems: Problems;
  change: (part: Partial<GeneratorOptions>) => void;
}

/** Everything a run can be told; the defaults make yesterday of the whole territory. */
export function RunForm(props: FormProps) {
  return (
    <>
      <Time {...props} />
      <Meters {...props} />
      <Load {...props} />
      <Faults {...props} />
      <Delivery {...props} />
    </>
  );
}

function Time({ options, problems, change }: FormProps) {
  return (
    <Group title="Time">
      <Choice
        label="Mode"
        value={options.live ? 'live' : 'backfill'}
        options={[
          { value: 'backfill', name: 'Backfill', hint: 'As fast as the target takes it' },
          { value: 'live', name: 'Live', hint: 'Each interval as it ends, by the clock' },
        ]}
        change={(mode) => change(mode === 'live' ? { live: true, start: lastQuarter(Date.now()) } : { live: false })}
      />
      <Field label="First interval" unit="UTC" problem={problems.start}>
        {(props) => (
          <input
            {...props}
            type="datetime-local"
            step={900}
            className="field w-48"
            value={options.start.slice(0, 16)}
            onChange={({ target }) => change({ start: target.value ? `${target.value}:00.000Z` : '' })}
          />
        )}
      </Field>
      <NumberField
        label="Length"
        unit="days of 96 intervals"
        problem={problems.days}
        value={options.days}
        change={(days) => change({ days })}
      />
    </Group>
  );
}

const lastQuarter = (nowMs: number): string => new Date((Math.floor(nowMs / 900_000) - 1) * 900_000).toISOString();

function Meters({ options, problems, change }: FormProps) {
  const scope = scopeOf(options);
  const wanted = useDeferredValue((options.within ?? '').trim());
  const found = useQuery({
    queryKey: ['generator-scope', wanted],
    queryFn: ({ signal }) => searchNetwork(wanted, signal),
    enabled: scope === 'within' && wanted.length >= 2,
  });
  const places = (found.data ?? []).filter(({ type }) => type === 'feeder' || type === 'substation');
  const pick = (next: Scope) =>
    change(
      {
        all: { within: null, meters: null },
        number: { within: null, meters: 1000 },
        within: { within: '', meters: null },
      }[next],
    );
  return (
    <Group title="Meters">
      <Choice
        label="Which"
        value={scope}
        options={[
          { value: 'all', name: 'All' },
          { value: 'number', name: 'A number' },
          { value: 'within', name: 'A feeder', hint: 'A feeder or a substation' },
        ]}
        change={pick}
      />
      {scope === 'number' && (
        <NumberField
          label="Meters"
          problem={problems.meters}
          value={options.meters}
          change={(meters) => change({ meters })}
        />
      )}
      {scope === 'within' && (
        <Field label="By id" problem={problems.within} hint="A feeder or substation: type a part of its name.">
          {(props) => (
            <>
              <input
                {...props}
                type="text"
                list="generator-places"
                className="field w-48"
                value={options.within ?? ''}
                onChange={({ target }) => change({ within: target.value })}
              />
              <datalist id="generator-places">
                {places.map(({ id, name, type }) => (
                  <option key={id} value={id}>
                    {`${name} (${type})`}
                  </option>
                ))}
              </datalist>
            </>
          )}
        </Field>
      )}
      <NumberField
        label="Seed"
        problem={problems.seed}
        hint="The same seed gives the same bytes."
        value={options.seed}
        change={(seed) => change({ seed })}
      />
    </Group>
  );
}

function Load({ options, problems, change }: FormProps) {
  return (
    <Group title="Load">
      <Field label="Weather">
        {(props) => (
          <select
            {...props}
            className="field w-40"
            value={options.weather}
            onChange={({ target }) => change({ weather: target.value as WeatherMode })}
          >
            {weatherModes.map((mode) => (
              <option key={mode} value={mode}>
                {words(mode)}
              </option>
            ))}
          </select>
        )}
      </Field>
      <details className="group py-1" open={Object.keys(options.mix).length > 0 || undefined}>
        <summary className="cursor-pointer text-dim hover:text-ink">Load by customer class</summary>
        <div className="mt-1">
          {customerClasses.map((name) => (
            <NumberField
              key={name}
              label={words(name)}
              unit="× the model"
              problem={
                problems.mix && !((options.mix[name] ?? 1) >= 0 && (options.mix[name] ?? 1) <= 20)
                  ? 'be from 0 to 20'
                  : undefined
              }
              value={options.mix[name] ?? 1}
              change={(factor) => change({ mix: { ...options.mix, [name]: factor } })}
            />
          ))}
        </div>
      </details>
    </Group>
  );
}

function Faults({ options, problems, change }: FormProps) {
  return (
    <Group title="Faults on the way">
      <NumberField
        label="Loss"
        unit="%"
        scale={100}
        problem={problems.loss && 'be from 0 to 100'}
        value={options.loss}
        change={(loss) => change({ loss })}
      />
      <NumberField
        label="Duplicates"
        unit="%"
        scale={100}
        problem={problems.duplicates && 'be from 0 to 100'}
        value={options.duplicates}
        change={(duplicates) => change({ duplicates })}
      />
      <NumberField
        label="Lateness"
        unit="s, of 5% of deliveries"
        problem={problems.lateness}
        value={options.lateness}
        change={(lateness) => change({ lateness })}
      />
      <NumberField
        label="Disorder"
        unit="s at most"
        problem={problems.disorder}
        value={options.disorder}
        change={(disorder) => change({ disorder })}
      />
      <NumberField
        label="Clock skew"
        unit="s either way"
        problem={problems.skew}
        value={options.skew}
        change={(skew) => change({ skew })}
      />
      <label className="flex items-center gap-2 py-1">
        <input
          type="checkbox"
          className="accent-[var(--accent)]"
          checked={options.events}
          onChange={({ target }) => change({ events: target.checked })}
        />
        Meter events, too: last gasps, restorations, sags, tampering
      </label>
      {options.events && (
        <NumberField
          label="Device faults"
          unit="per 1,000 meters and day"
          problem={problems.faults}
          value={options.faults}
          change={(faults) => change({ faults })}
        />
      )}
    </Group>
  );
}

const formatsOf: Partial<Record<GeneratorTarget, { value: GeneratorFormat; name: string }[]>> = {
  files: [
    { value: 'parquet', name: 'Parquet' },
    { value: 'jsonl', name: 'JSON lines' },
  ],
  kafka: [
    { value: 'jsonl', name: 'JSON' },
    { value: 'avro', name: 'Avro' },
  ],
};

function Delivery({ options, problems, change }: FormProps) {
  const formats = formatsOf[options.target];
  return (
    <Group title="Delivery">
      <Choice
        label="To"
        value={options.target}
        options={generatorTargets.map((target) => ({ value: target, ...targetWords(target) }))}
        change={(target) => change({ target, format: target === 'kafka' ? 'jsonl' : 'parquet' })}
      />
      {formats && (
        <Choice label="Format" value={options.format} options={formats} change={(format) => change({ format })} />
      )}
      <NumberField
        label="At most"
        unit="readings/s"
        placeholder="no cap"
        problem={problems.rate}
        value={options.rate}
        change={(rate) => change({ rate })}
        empty={() => change({ rate: null })}
      />
    </Group>
  );
}
