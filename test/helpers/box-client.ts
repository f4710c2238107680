import process from 'node:process';
import { createInterface } from 'node:readline';
import type { BoxAnswer, Load, Question, Reply } from './box-network.ts';
import { fetchOnce, type Hammer, hammer } from './strict-client.ts';

// Runs in the network of a box: questions on stdin, a line of JSON each, and so their replies. More
// in `BoxNetwork`.

const started = new Map<number, Hammer>();

async function answer(question: Question): Promise<unknown> {
  switch (question.ask) {
    case 'get': {
      const { status, body } = await fetchOnce(question.target, question.path, question.headers);
      return { status, body } satisfies BoxAnswer;
    }
    case 'start':
      // It ends with this program.
      started.set(question.id, hammer({ after: () => undefined }, question.load));
      return question.id;
    case 'look':
      return look(find(question.started));
    case 'stop': {
      const load = find(question.started);
      await load.stop();
      return look(load);
    }
  }
}

function find(id: number): Hammer {
  const load = started.get(id);
  if (!load) throw new Error(`There is no load ${id}`);
  return load;
}

/** More are as bad. */
const mostFailures = 100;

const look = ({ answered, failures, bodies }: Hammer): Load => ({
  answered,
  failures: failures.slice(0, mostFailures),
  bodies: Object.fromEntries(bodies),
});

const reply = (what: Reply): boolean => process.stdout.write(`${JSON.stringify(what)}\n`);

createInterface({ input: process.stdin })
  .on('line', (line) => {
    const question = JSON.parse(line) as Question;
    answer(question).then(
      (value) => reply({ id: question.id, value }),
      (error: unknown) => reply({ id: question.id, error: String(error) }),
    );
  })
  .on('close', () => process.exit());
