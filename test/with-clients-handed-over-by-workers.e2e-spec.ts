/** The same promises once more, with sockets that another worker of the machine has accepted and handed over. */
process.env.TEST_CLUSTER = 'workers';

await import('./with-clients-elsewhere.e2e-spec.js');
