import type { Crew } from '#model/api/crews.ts';
import { useScreen } from '../app/screen_store.ts';
import { counted } from '../lib/time/format.ts';
import { useNow } from '../lib/time/use_now.ts';
import { kindWords, type Note, positionNote, shiftNote } from './board.ts';

/** Type of what is dragged: a crew's id. */
export const crewDrag = 'application/x-flux-crew';

export function CrewCard({ crew, isSelected }: { crew: Crew; isSelected: boolean }) {
  const now = useNow();
  const [atHand, ...waiting] = crew.jobs;
  const isAway = crew.status === 'off_shift' || crew.status === 'unavailable';
  return (
    <li>
      <button
        type="button"
        data-row
        data-crew={crew.id}
        aria-pressed={isSelected}
        draggable={crew.can_be_assigned}
        onDragStart={(event) => {
          event.dataTransfer.setData(crewDrag, crew.id);
          event.dataTransfer.effectAllowed = 'move';
        }}
        onClick={() => useScreen.getState().select(isSelected ? null : { kind: 'crew', id: crew.id })}
        className={`w-full rounded-sm border px-2 py-1 text-left ${isSelected ? 'border-accent bg-chosen' : 'border-rule bg-raised hover:bg-hover'} ${isAway ? 'text-dim' : ''}`}
      >
        <span className="flex items-baseline gap-1.5">
          <strong className="font-semibold">{crew.id}</strong>
          <span className="ml-auto text-[11px] text-dim">{counted(crew.size, 'person', 'people')}</span>
        </span>
        <span className="block truncate text-[11.5px] text-dim" title={crew.name}>
          {kindWords[crew.kind].name}
          {crew.status === 'unavailable' && ' · out of service'}
        </span>
        {atHand && (
          <span className="block truncate">
            {atHand.outage_id}
            {waiting.length > 0 && <span className="text-dim"> +{waiting.length} waiting</span>}
          </span>
        )}
        <Line note={shiftNote(crew, now)} />
        {!isAway && <Line note={positionNote(crew, now)} />}
      </button>
    </li>
  );
}

function Line({ note }: { note: Note }) {
  return (
    <span className={`block truncate text-[11.5px] ${note.tone === 'warn' ? 'text-warn' : 'text-dim'}`}>
      {note.tone === 'warn' && <span aria-hidden="true">▲ </span>}
      {note.text}
    </span>
  );
}
