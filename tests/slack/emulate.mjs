// Starts the Slack of npm's `emulate` on a port of 127.0.0.1 alone: node emulate.mjs PORT
import { Server } from 'node:net';

const { listen } = Server.prototype;
Server.prototype.listen = function (port) {
  return listen.call(this, port, '127.0.0.1'); // by itself it would listen to the whole network
};
const { createEmulator } = await import('../node_modules/emulate/dist/api.js');
const scopes = ['chat:write', 'users:read', 'im:write', 'channels:read', 'pins:read', 'pins:write'];
await createEmulator({
  service: 'slack',
  port: Number(process.argv[2]),
  seed: {
    slack: {
      strict_scopes: true,
      users: [{ name: 'bob' }],
      channels: [{ name: 'team' }],
      tokens: [
        { token: 'xoxb-contract', user_id: 'U000000001', bot_id: 'B000000001', scopes },
        { token: 'xoxb-narrow', user_id: 'U000000001', scopes: ['commands'] },
      ],
    },
  },
});
console.log('ready');
