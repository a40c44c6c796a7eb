/* Keeps the age of the page and looks once a minute whether there is a newer one. Without it the page says its time. */
(() => {
  const main = document.querySelector('main[data-as-of]');
  if (!main) return;
  const spanish = document.documentElement.lang === 'es';
  let asOf = Date.parse(main.dataset.asOf);
  const staleAfter = Number(main.dataset.staleAfter);

  function ageInWords(seconds) {
    const minutes = Math.floor(seconds / 60);
    if (minutes < 1) return spanish ? '(hace menos de un minuto)' : '(less than a minute ago)';
    const hours = Math.floor(minutes / 60);
    if (hours < 1) return spanish ? `(hace ${minutes} min)` : `(${minutes} min ago)`;
    return spanish ? `(hace ${hours} h ${minutes % 60} min)` : `(${hours} h ${minutes % 60} min ago)`;
  }

  function show() {
    const seconds = Math.max(0, (Date.now() - asOf) / 1000);
    main.dataset.stale = seconds > staleAfter ? 'yes' : 'no';
    for (const place of document.querySelectorAll('[data-age]')) place.textContent = ageInWords(seconds);
  }

  async function look() {
    try {
      const response = await fetch('current.json', { cache: 'no-cache' });
      if (!response.ok) return;
      const current = await response.json();
      // The same data, confirmed: only the age changes.
      if (current.geojson === main.dataset.data) {
        asOf = Math.max(asOf, Date.parse(current.as_of));
        const time = document.querySelector('.asof time');
        if (time && current.as_of_words) time.textContent = current.as_of_words[document.documentElement.lang];
        show();
      } else location.reload();
    } catch {
      // No answer: the age goes on, and that is what is shown.
    }
  }

  show();
  setInterval(show, 5_000);
  setInterval(look, 60_000);
})();
