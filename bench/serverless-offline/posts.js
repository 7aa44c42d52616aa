// Posts to connections: by the AWS SDK, or by plain HTTP requests over kept connections, which is the
// fastest way that serverless-offline leaves open. A member who is gone is no error.

import { Agent, request } from "node:http";

const endpoint = process.env.CONNECTIONS_ENDPOINT;
const target = new URL(endpoint);
const agent = new Agent({ keepAlive: true, maxSockets: 50 });

function postByHttp(connectionId, frame) {
  return new Promise((resolve, reject) => {
    const options = {
      agent,
      host: target.hostname,
      port: target.port,
      method: "POST",
      path: `/@connections/${encodeURIComponent(connectionId)}`,
      headers: { "content-type": "application/octet-stream", "content-length": Buffer.byteLength(frame) },
    };
    const call = request(options, (response) => {
      response.resume();
      response.on("end", () => {
        const { statusCode } = response;
        if (statusCode === 200 || statusCode === 204 || statusCode === 410) resolve();
        else reject(new Error(`post: status ${statusCode}`));
      });
    });
    call.on("error", reject);
    call.end(frame);
  });
}

async function sdkPoster() {
  const { ApiGatewayManagementApiClient, PostToConnectionCommand } = await import(
    "@aws-sdk/client-apigatewaymanagementapi"
  );
  const client = new ApiGatewayManagementApiClient({ endpoint, region: "us-east-1" });
  return async (ConnectionId, frame) => {
    try {
      await client.send(new PostToConnectionCommand({ ConnectionId, Data: frame }));
    } catch (error) {
      if (error.name !== "GoneException") throw error;
    }
  };
}

const postFrame = process.env.POSTS === "sdk" ? await sdkPoster() : postByHttp;

/** One message to one connection. */
export const post = (connectionId, message) => postFrame(connectionId, JSON.stringify(message));

/** One message to many connections at once, written as JSON once. */
export async function postAll(connectionIds, message) {
  const frame = JSON.stringify(message);
  await Promise.all(connectionIds.map((id) => postFrame(id, frame)));
}
