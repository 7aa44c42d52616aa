// The chat's create, join and send, as one would write them for AWS in JavaScript: who speaks comes
// from the connection, only members send, a message is stored once, everybody is posted to at once.

import { randomUUID } from "node:crypto";
import * as store from "./memory.js";
import { post, postAll } from "./posts.js";

const done = { statusCode: 200 };

/** Wraps an action: reads the message, finds the speaker, posts a refusal where it throws one. */
function action(run) {
  return async (event) => {
    const { connectionId } = event.requestContext;
    const message = JSON.parse(event.body);
    const answer = (body) => post(connectionId, { ...body, requestId: message.requestId });
    try {
      const userId = await store.nameOf(connectionId);
      if (!userId) throw new Refusal("unauthorized", "this connection is unknown");
      await run({ message, answer, me: { userId, connectionId } });
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      await answer({ action: "error", code: error.code, message: error.message });
    }
    return done;
  };
}

class Refusal extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

export async function connect(event) {
  const userId = event.queryStringParameters?.userId ?? "";
  if (!/^[\p{L}\p{N} _]{2,20}$/u.test(userId)) return { statusCode: 400 };
  await store.connect(event.requestContext.connectionId, userId);
  return done;
}

export async function disconnect(event) {
  await store.disconnect(event.requestContext.connectionId);
  return done;
}

export const fallback = action(async () => {
  throw new Refusal("unknownAction", "there is no such action");
});

export const hello = action(async ({ answer, me }) => {
  await answer({ action: "welcome", userId: me.userId, serverTime: Date.now() });
});

export const createRoom = action(async ({ message, answer, me }) => {
  const roomId = randomUUID();
  await store.createRoom(roomId, message.roomName, me);
  await answer({ action: "roomCreated", roomId, roomName: message.roomName });
});

export const joinRoom = action(async ({ message, answer, me }) => {
  const { roomId, subAction, targetUserId } = message;
  const admin = await store.adminOf(roomId);
  if (!admin) throw new Refusal("notFound", "there is no such room");
  if (subAction === "request") {
    await store.request(roomId, me);
    await Promise.all([
      post(admin.connectionId, { action: "joinRequest", roomId, userId: me.userId }),
      answer({ action: "joinResponse", roomId, status: "pending" }),
    ]);
    return;
  }
  if (admin.userId !== me.userId) throw new Refusal("forbidden", "only the admin decides");
  const status = subAction === "approve" ? "approved" : "rejected";
  const asker = await store.decide(roomId, targetUserId, status === "approved");
  if (!asker) throw new Refusal("notFound", "nobody of that name asks");
  await Promise.all([
    post(asker.connectionId, { action: "joinResponse", roomId, status }),
    answer({ action: "joinResponse", roomId, status, userId: targetUserId }),
  ]);
});

export const sendMessage = action(async ({ message, answer, me }) => {
  const { roomId, clientMessageId } = message;
  const members = await store.members(roomId);
  if (!members.some((member) => member.userId === me.userId)) {
    throw new Refusal("forbidden", "only members send");
  }
  const timestamp = Date.now();
  const messageId = `${timestamp}-${randomUUID()}`;
  const said = { roomId, messageId, userId: me.userId, message: message.message, timestamp, clientMessageId };
  const { message: stored, fresh } = await store.store(said);
  const ack = { action: "messageAck", roomId, messageId: stored.messageId, clientMessageId, timestamp: stored.timestamp };
  const pushed = fresh ? postAll(members.map((member) => member.connectionId), { action: "message", ...stored }) : undefined;
  await Promise.all([answer(ack), pushed]);
});
