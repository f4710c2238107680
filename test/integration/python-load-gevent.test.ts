import { testZeroLoss } from '../helpers/python-zero-loss.ts';

testZeroLoss('gevent');
