/** The same promises once more, with clients at another worker of the machine than their rooms, as it relays them. */
process.env.TEST_CLUSTER = 'workers relay';

await import('./with-clients-elsewhere.e2e-spec.js');
await import('./resume-limits.e2e-spec.js');
