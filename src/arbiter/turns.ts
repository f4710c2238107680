/**
 * Does one thing in each turn of the event loop, the first at once. Starting a process takes
 * milliseconds, and with fifty of them somebody may ask how things are meanwhile.
 */
export function createTurns(): (act: () => void) => void {
  const waiting: (() => void)[] = [];
  let taken = false;
  const next = () => {
    const act = waiting.shift();
    taken = act !== undefined;
    if (!act) return;
    setImmediate(next);
    act();
  };
  return (act) => {
    waiting.push(act);
    if (!taken) next();
  };
}
