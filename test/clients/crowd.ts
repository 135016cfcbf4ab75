// The client side of the crowd in crowd.test.ts, as a process of its own: a server and its ten
// thousand clients would not both fit under one process's limit of open files.
//
// node crowd.ts PORT COUNT: opens COUNT connections, has each set and get a key of its own while
// all the others stay open, and prints one line of JSON.

import { connect, type Socket } from "node:net";

const port = Number(process.argv[2]);
const count = Number(process.argv[3]);
const TOGETHER = 200;

function open(): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1" });
    socket.once("connect", () => resolve(socket));
    socket.once("error", reject);
  });
}

/** Sends a request and waits for as many bytes as the answer must have. */
function ask(socket: Socket, request: string, answer: string): Promise<boolean> {
  return new Promise((resolve) => {
    let text = "";
    const take = (bytes: Buffer) => {
      text += bytes.toString("latin1");
      if (text.length < answer.length) return;
      socket.off("data", take);
      resolve(text === answer);
    };
    socket.on("data", take);
    socket.once("close", () => resolve(false));
    socket.write(request);
  });
}

const sockets: Socket[] = [];
while (sockets.length < count) {
  const batch = Math.min(TOGETHER, count - sockets.length);
  sockets.push(...(await Promise.all(Array.from({ length: batch }, open))));
}

const key = (index: number) => `crowd:${String(index).padStart(6, "0")}`;
const bulk = (text: string) => `$${text.length}\r\n${text}\r\n`;
const answers = await Promise.all(
  sockets.map((socket, index) => {
    const name = key(index);
    const request = `*3\r\n${bulk("SET")}${bulk(name)}${bulk(name)}*2\r\n${bulk("GET")}${bulk(name)}`;
    return ask(socket, request, `+OK\r\n${bulk(name)}`);
  }),
);
const connected = await new Promise<string>((resolve) => {
  const socket = sockets[0] as Socket;
  let text = "";
  socket.on("data", (bytes: Buffer) => {
    text += bytes.toString("latin1");
    const found = /connected_clients:(\d+)/.exec(text);
    if (found) resolve(found[1] as string);
  });
  socket.write("INFO clients\r\n");
});
console.log(
  JSON.stringify({ right: answers.filter((right) => right).length, connected: Number(connected) }),
);
for (const socket of sockets) socket.destroy();
