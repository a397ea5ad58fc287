import { expect, it } from '@jest/globals';
import { Socket } from 'node:net';
import { upgradeRequest } from './upgrade-request.js';

it('a request that another process has received has its headers, as Node merges them', () => {
  const raw = [
    'Host',
    'example.com',
    'Authorization',
    'Bearer a',
    'authorization',
    'Bearer b',
    'X-Two',
    '1',
    'x-two',
    '2',
  ];
  const request = upgradeRequest(new Socket(), '/ws/lobby?a=1', raw);
  expect(request.headers).toEqual({ host: 'example.com', authorization: 'Bearer a', 'x-two': '1, 2' });
  expect([request.method, request.url, request.httpVersion]).toEqual(['GET', '/ws/lobby?a=1', '1.1']);
});
