/** Gunicorn's names for kinds of workers, and those of the workers that others made for it. */
const names: Readonly<Record<string, string>> = {
  gevent_wsgi: 'gevent',
  gevent_pywsgi: 'gevent',
  'egg:gunicorn#sync': 'sync',
  'egg:gunicorn#gthread': 'gthread',
  'egg:gunicorn#gevent': 'gevent',
  'egg:gunicorn#eventlet': 'eventlet',
  'gunicorn.workers.sync.SyncWorker': 'sync',
  'gunicorn.workers.gthread.ThreadWorker': 'gthread',
  'gunicorn.workers.ggevent.GeventWorker': 'gevent',
  'gunicorn.workers.ggevent.GeventPyWSGIWorker': 'gevent',
  'gunicorn.workers.geventlet.EventletWorker': 'eventlet',
  'gunicorn.workers.gasgi.ASGIWorker': 'asgi',
};

/** Uvicorn has moved its workers into a package of their own. */
const ofUvicorn = /^uvicorn(?:\.workers|_worker(?:\.workers|\._workers)?)\.Uvicorn\w*Worker$/;

/** `uvicorn.workers.UvicornWorker` is our `asgi`; what we do not know stays as it is. */
export const translateWorkerClass = (name: string): string =>
  ofUvicorn.test(name) ? 'asgi' : (names[name] ?? name);

/** Whether a name is the path of a class, which may be anybody's. */
export const isClassPath = (name: string): boolean => /^[\w.]+\.\w+$/.test(name);
