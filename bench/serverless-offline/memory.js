// The chat's data in this process: nothing outlives it.

const names = new Map();
const rooms = new Map();
const dedupe = new Map();

export const connect = async (connectionId, userId) => void names.set(connectionId, userId);
export const disconnect = async (connectionId) => void names.delete(connectionId);
export const nameOf = async (connectionId) => names.get(connectionId);

/** Makes a room with its first member, the admin. */
export async function createRoom(roomId, roomName, admin) {
  rooms.set(roomId, { roomName, admin, members: new Map([[admin.userId, admin]]), requests: new Map(), messages: [] });
}

/** The room's admin, where there is such a room. */
export const adminOf = async (roomId) => rooms.get(roomId)?.admin;

export const request = async (roomId, person) => void rooms.get(roomId).requests.set(person.userId, person);

/** Turns a request into a membership, or drops it; gives the asker. */
export async function decide(roomId, userId, approved) {
  const room = rooms.get(roomId);
  const person = room.requests.get(userId);
  if (person && room.requests.delete(userId) && approved) room.members.set(userId, person);
  return person;
}

/** Stores a message once; gives the stored one. */
export async function store(message) {
  const key = `${message.roomId}#${message.userId}#${message.clientMessageId}`;
  const stored = dedupe.get(key);
  if (stored) return { message: stored, fresh: false };
  dedupe.set(key, message);
  rooms.get(message.roomId).messages.push(message);
  return { message, fresh: true };
}

/** Everybody who is in a room. */
export const members = async (roomId) => [...(rooms.get(roomId)?.members.values() ?? [])];
