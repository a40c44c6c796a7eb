import { useScreen } from './screen_store.ts';
import { formatAddress, parseAddress, sameSelection } from './url_state.ts';

/**
 * Keeps the address bar and the store the same. A new selection, page or area is a step of the history; moving the map
 * or typing a filter is not.
 */
export function startUrlSync(): () => void {
  let timer: number | undefined;
  const unsubscribe = useScreen.subscribe((now, before) => {
    if (
      now.page === before.page &&
      now.area === before.area &&
      now.view === before.view &&
      now.filter === before.filter &&
      sameSelection(now.selection, before.selection)
    ) {
      return;
    }
    const resolved = before.selection?.kind === 'edge' && now.selection !== null;
    const step =
      now.page !== before.page ||
      now.area !== before.area ||
      (!resolved && !sameSelection(now.selection, before.selection));
    window.clearTimeout(timer);
    if (step) history.pushState(null, '', addressOf());
    else timer = window.setTimeout(() => history.replaceState(null, '', addressOf()), 200);
  });
  const back = () => {
    const { page, area, selection, filter } = parseAddress(location.search);
    useScreen.setState({ page, area, filter, selection, detailOpen: selection !== null, trace: null, askVerb: null });
  };
  window.addEventListener('popstate', back);
  return () => {
    unsubscribe();
    window.removeEventListener('popstate', back);
  };
}

function addressOf(): string {
  return `${location.pathname}${formatAddress(useScreen.getState())}`;
}
