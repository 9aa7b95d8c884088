// Times in the reader's own zone and words; without this script they are in UTC.

const locale = document.documentElement.lang || undefined;
const long = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "medium" });
const today = new Intl.DateTimeFormat(locale, { timeStyle: "short" });
const other = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short" });

/** Rewrite every time below an element. */
export function localTimes(root) {
  const now = new Date().toDateString();
  for (const time of root.querySelectorAll("time[datetime]")) {
    const at = new Date(time.dateTime);
    time.textContent = (at.toDateString() === now ? today : other).format(at);
    time.title = long.format(at);
  }
}
