import { useEffect, useRef } from 'react';
import type { VeeException } from '#model/api/vee.ts';
import { useScreen } from '../app/screen_store.ts';

const textTags = new Set(['INPUT', 'SELECT', 'TEXTAREA']);

/** `j`, `k`, arrows move in the queue, `/` filters, Escape closes: here they mean the queue, not the outages. */
export function useQueueKeys(rows: readonly VeeException[]): void {
  const now = useRef(rows);
  now.current = rows;
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const { target, key } = event;
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (
        target instanceof Element &&
        (textTags.has(target.tagName) || target.closest('[role="dialog"], [role="menu"]'))
      )
        return;
      if (key === 'j' || key === 'ArrowDown') move(now.current, 1);
      else if (key === 'k' || key === 'ArrowUp') move(now.current, -1);
      else if (key === '/') document.getElementById('exception-filter')?.focus();
      else if (key === 'Enter' && target instanceof Element && !target.closest('button, a')) {
        document.querySelector<HTMLElement>('[aria-label="Exception"] button')?.focus();
      } else return;
      event.preventDefault();
    };
    window.addEventListener('keydown', press, { capture: true });
    return () => window.removeEventListener('keydown', press, { capture: true });
  }, []);
}

function move(rows: readonly VeeException[], step: number): void {
  if (rows.length === 0) return;
  const { selection, select } = useScreen.getState();
  const at = selection?.kind === 'exception' ? rows.findIndex(({ id }) => id === selection.id) : -1;
  const next = at < 0 ? (step > 0 ? 0 : rows.length - 1) : Math.min(rows.length - 1, Math.max(0, at + step));
  select({ kind: 'exception', id: rows[next].id });
}
