// Generated from functions/protocol; `cargo test -p chatctl-protocol` says when it is out of date.

export type ClientMessage = { "action": "createRoom" } & NewRoom | { "action": "joinRoom" } & JoinRoom | { "action": "sendMessage" } & SendMessage | { "action": "getMembers" } & GetMembers | { "action": "leaveRoom" } & RoomRef | { "action": "getHistory" } & GetHistory | { "action": "hello" } & Empty | { "action": "ping" } & Empty | { "action": "voiceSignal" } & VoiceSignal | { "action": "createVoiceRoom" } & RoomRef | { "action": "getVoiceCredentials" } & VoiceRoomRef | { "action": "endVoiceRoom" } & VoiceRoomRef;

export type NewRoom = { 
/**
 * The room's display name.
 */
roomName: string, };

export type JoinStep = "request" | "approve" | "reject";

export type JoinRoom = { 
/**
 * What is asked.
 */
subAction: JoinStep, 
/**
 * The room.
 */
roomId: string, 
/**
 * Whose request is decided; for `approve` and `reject`.
 */
targetUserId?: string, };

export type SendMessage = { 
/**
 * The room; without it, the one that this connection last created or joined.
 */
roomId?: string, 
/**
 * The text.
 */
message: string, 
/**
 * The client's own id: sending it again stores nothing new.
 */
clientMessageId?: string, 
/**
 * The message that this one answers.
 */
replyTo?: string, };

export type RoomRef = { 
/**
 * The room.
 */
roomId: string, };

export type GetMembers = { 
/**
 * The room.
 */
roomId: string, 
/**
 * `next` of the page before; the first page without it.
 */
after?: string, };

export type GetHistory = { 
/**
 * The room.
 */
roomId: string, 
/**
 * Only messages before this id, the newest of them.
 */
before?: string, 
/**
 * Only messages after this id, the oldest of them.
 */
after?: string, 
/**
 * At most this many, 1 to 100; 50 unless told.
 */
limit?: number, };

export type Empty = Record<symbol, never>;

export type ErrorCode = "badRequest" | "unknownAction" | "unauthorized" | "forbidden" | "notFound" | "conflict" | "rateLimited" | "tooLarge" | "internal";

export type Limits = { 
/**
 * The longest message text, in UTF-8 bytes.
 */
messageBytes: number, 
/**
 * The longest frame from a client, in bytes (API Gateway's frame limit).
 */
frameBytes: number, 
/**
 * The shortest name of a person, in characters.
 */
nameMin: number, 
/**
 * The longest name of a person, in characters.
 */
nameMax: number, 
/**
 * The longest name of a room, in characters.
 */
roomNameMax: number, 
/**
 * The longest `requestId` and `clientMessageId`, in characters.
 */
idMax: number, 
/**
 * The most messages that one `history` holds.
 */
historyMax: number, 
/**
 * The most connections that one person holds at a time.
 */
connectionsMax: number, 
/**
 * The most rooms that one person is in or asks to join.
 */
roomsMax: number, 
/**
 * The most undecided requests to join one room.
 */
requestsMax: number, };

export type ServerMessage = { "action": "welcome", 
/**
 * The name under which this connection speaks.
 */
userId: string, 
/**
 * Proves on a later connection that it is the same person; secret.
 */
sessionToken: string, 
/**
 * The server's clock, ms since the epoch.
 */
serverTime: number, 
/**
 * The limits in force.
 */
limits: Limits, 
/**
 * The rooms in which this person is an approved member.
 */
rooms: Array<RoomSummary>, } | { "action": "roomCreated", 
/**
 * The new room's id, to be shared.
 */
roomId: string, 
/**
 * Its name.
 */
roomName: string, } | { "action": "joinRequest", 
/**
 * Who asks.
 */
userId: string, 
/**
 * The room.
 */
roomId: string, } | { "action": "joinResponse", 
/**
 * The room.
 */
roomId: string, 
/**
 * What has become of the request.
 */
status: JoinStatus, 
/**
 * The room's name, for those let in.
 */
roomName?: string, 
/**
 * Whose request was decided, in the answer to the admin who decided it.
 */
userId?: string, } | { "action": "messageAck", 
/**
 * The room.
 */
roomId: string, 
/**
 * The message's id (ULID).
 */
messageId: string, 
/**
 * The client's own id, where it gave one.
 */
clientMessageId?: string, 
/**
 * When it was stored, ms since the epoch.
 */
timestamp: number, } | { "action": "message" } & ChatMessage | { "action": "roomMembers", 
/**
 * The room.
 */
roomId: string, 
/**
 * Its name.
 */
roomName: string, 
/**
 * Members and, on the first page, those who ask to be.
 */
participants: Array<Participant>, 
/**
 * Pass it as `after` for the page of further members; absent where there is none.
 */
next?: string, 
/**
 * The room's voice.
 */
voice: VoiceState, } | { "action": "history", 
/**
 * The room.
 */
roomId: string, 
/**
 * Oldest first.
 */
messages: Array<ChatMessage>, 
/**
 * Pass it as `before` for the page of older messages; absent where there is none.
 */
nextBefore?: string, } | { "action": "roomLeft", 
/**
 * The room.
 */
roomId: string, } | { "action": "memberJoined", 
/**
 * The room.
 */
roomId: string, 
/**
 * Who.
 */
userId: string, } | { "action": "memberLeft", 
/**
 * The room.
 */
roomId: string, 
/**
 * Who.
 */
userId: string, } | { "action": "presence", 
/**
 * The room.
 */
roomId: string, 
/**
 * Who.
 */
userId: string, 
/**
 * Whether any connection of theirs is open.
 */
online: boolean, } | { "action": "pong", 
/**
 * The server's clock, ms since the epoch.
 */
timestamp: number, } | { "action": "voiceSignal" } & VoiceEvent | { "action": "voiceRoomCreated", 
/**
 * The voice room: a new one, or the one that is active.
 */
voiceRoomId: string, 
/**
 * Who started it, and is its master: where two start at once, one of them.
 */
masterUserId: string, } | { "action": "voiceRoomAvailable", 
/**
 * The voice room.
 */
voiceRoomId: string, 
/**
 * The room.
 */
roomId: string, 
/**
 * Who started it, and is its master.
 */
masterUserId: string, } | { "action": "voiceCredentials" } & VoiceCredentials | { "action": "voiceRoomEnded", 
/**
 * The voice room.
 */
voiceRoomId: string, } | { "action": "error", 
/**
 * Which part of a client it is for, where the original client asks.
 */
type?: ErrorKind, 
/**
 * The kind of refusal.
 */
code: ErrorCode, 
/**
 * What was wrong, and what would be right.
 */
message: string, 
/**
 * When the same request can succeed, in ms from now.
 */
retryAfterMs?: number, };

export type ChatMessage = { 
/**
 * The room.
 */
roomId: string, 
/**
 * The message's id (ULID): sorts by time.
 */
messageId: string, 
/**
 * Who said it.
 */
userId: string, 
/**
 * The text.
 */
message: string, 
/**
 * When it was stored, ms since the epoch.
 */
timestamp: number, 
/**
 * The sender's own id, where it gave one: a sender's other tabs know their message by it.
 */
clientMessageId?: string, 
/**
 * The message that this one answers.
 */
replyTo?: string, };

export type RoomSummary = { 
/**
 * The room.
 */
roomId: string, 
/**
 * Its name.
 */
roomName: string, 
/**
 * Whether this person decides who joins.
 */
isAdmin: boolean, };

export type JoinStatus = "pending" | "approved" | "rejected";

export type MemberStatus = "approved" | "pending";

export type Participant = { 
/**
 * Who.
 */
userId: string, 
/**
 * Member or asker.
 */
status: MemberStatus, 
/**
 * Whether they decide who joins.
 */
isAdmin: boolean, 
/**
 * Whether any connection of theirs is open; false of those who only ask, of whom it is not known.
 */
online: boolean, };

export type VoiceKind = "voice:join" | "voice:leave" | "voice:offer" | "voice:answer" | "voice:ice_candidate" | "voice:mute" | "voice:enable" | "voice:disable";

export type VoiceSignal = { 
/**
 * The room.
 */
roomId: string, 
/**
 * What is asked.
 */
type: VoiceKind, 
/**
 * For whom: a participant's `userId`.
 */
to?: string, 
/**
 * A session description: its text, or the browser's object.
 */
sdp?: string | { type: string, sdp: string }, 
/**
 * A candidate as the browser has it; null for the end of candidates.
 */
candidate?: { candidate?: string, sdpMid?: string | null, sdpMLineIndex?: number | null, usernameFragment?: string | null } | string | null, 
/**
 * For `voice:mute`.
 */
muted?: boolean, };

export type VoiceEvent = { "type": "voice:existing_participants", 
/**
 * The room.
 */
roomId: string, 
/**
 * Everybody else who takes part.
 */
participants: Array<VoiceParticipant>, 
/**
 * Who connects to whom.
 */
topology: VoiceTopology, 
/**
 * Servers that help browsers to reach each other.
 */
iceServers: Array<IceServer>, 
/**
 * When the servers' credentials end, ms since the epoch; join again for fresh ones.
 */
iceExpiresAt?: number, 
/**
 * The voice room whose channel carries the star's signals, if there is one.
 */
voiceRoomId?: string, } | { "type": "voice:peer_joined", 
/**
 * The room.
 */
roomId: string, 
/**
 * Who.
 */
from: string, 
/**
 * Whether their microphone is off.
 */
muted: boolean, } | { "type": "voice:peer_left", 
/**
 * The room.
 */
roomId: string, 
/**
 * Who.
 */
from: string, 
/**
 * Why.
 */
reason: PeerLeft, } | { "type": "voice:offer", 
/**
 * The room.
 */
roomId: string, 
/**
 * Who sent it.
 */
from: string, 
/**
 * As it came.
 */
sdp: string | { type: string, sdp: string }, } | { "type": "voice:answer", 
/**
 * The room.
 */
roomId: string, 
/**
 * Who sent it.
 */
from: string, 
/**
 * As it came.
 */
sdp: string | { type: string, sdp: string }, } | { "type": "voice:ice_candidate", 
/**
 * The room.
 */
roomId: string, 
/**
 * Who sent it.
 */
from: string, 
/**
 * As it came.
 */
candidate: { candidate?: string, sdpMid?: string | null, sdpMLineIndex?: number | null, usernameFragment?: string | null } | string | null, } | { "type": "voice:mute", 
/**
 * The room.
 */
roomId: string, 
/**
 * Who turned it.
 */
from: string, 
/**
 * Whose it is, where an admin turned it off; else the sender's own.
 */
to?: string, 
/**
 * Whether it is off.
 */
muted: boolean, } | { "type": "voice:enable", 
/**
 * The room.
 */
roomId: string, 
/**
 * The admin.
 */
from: string, } | { "type": "voice:disable", 
/**
 * The room.
 */
roomId: string, 
/**
 * The admin.
 */
from: string, };

export type PeerLeft = "left" | "disconnected" | "removed" | "replaced" | "ended";

export type VoiceTopology = "mesh" | "star";

export type VoiceTransport = "mesh" | "kinesis";

export type VoiceParticipant = { 
/**
 * Who.
 */
userId: string, 
/**
 * Whether their microphone is off.
 */
muted: boolean, 
/**
 * The client id under which they reach the voice room's channel, if they reach it as they were
 * told. Only the voice room's master is told, for whoever knows it could pass for them.
 */
clientId?: string, };

export type VoiceState = { 
/**
 * Whether an admin allows it.
 */
enabled: boolean, 
/**
 * What it goes over.
 */
transport: VoiceTransport, 
/**
 * Who takes part.
 */
participants: Array<VoiceParticipant>, 
/**
 * The active voice room, if there is one.
 */
voiceRoomId?: string, };

export type IceServer = { 
/**
 * Its addresses.
 */
urls: Array<string>, 
/**
 * For TURN; ends with the credential's lifetime.
 */
username?: string, 
/**
 * For TURN.
 */
credential?: string, };

export type ErrorKind = "voiceRoomError";

export type VoiceRoomRef = { 
/**
 * The voice room.
 */
voiceRoomId: string, };

export type VoiceCredentials = { 
/**
 * The voice room.
 */
voiceRoomId: string, 
/**
 * As whom: its creator is the master.
 */
role: VoiceRole, 
/**
 * The channel's ARN.
 */
channelARN: string, 
/**
 * The region.
 */
region: string, 
/**
 * Where the channel is reached.
 */
endpoints: Array<ChannelEndpoint>, 
/**
 * Keys for this channel and this role, and nothing else.
 */
credentials: LentCredentials, 
/**
 * Servers that help browsers to reach each other.
 */
iceServers: Array<IceServer>, 
/**
 * When the servers' credentials end, ms since the epoch.
 */
iceExpiresAt?: number, 
/**
 * The channel's WebSocket address, signed; to be opened within 299 seconds.
 */
signalingUrl: string, 
/**
 * A viewer's id at the channel, signed into the address; a master's own, which the channel is not
 * told.
 */
clientId: string, };

export type VoiceRole = "MASTER" | "VIEWER";

export type ChannelEndpoint = { 
/**
 * For what.
 */
Protocol: ChannelProtocol, 
/**
 * The address.
 */
ResourceEndpoint: string, };

export type ChannelProtocol = "WSS" | "HTTPS";

export type LentCredentials = { 
/**
 * The key's id.
 */
accessKeyId: string, 
/**
 * The key; secret.
 */
secretAccessKey: string, 
/**
 * Sent along with it; secret.
 */
sessionToken: string, 
/**
 * When they end, as ISO 8601.
 */
expiration: string, };

export type Request = ClientMessage & { requestId?: string };

export type Reply = ServerMessage & { requestId?: string };
