/** Who may use a node of ZooKeeper, as its administrator says. */
import { connect } from "../../drivers/kit/sockets.ts";
import { Session } from "../../drivers/zookeeper/session.ts";
import type { Access, Part } from "../../drivers/zookeeper/wire.ts";

const SET_ACL = 7;

/** Gives all rights to everybody, or to the administrator alone. */
export async function withAccess(port: number, path: string, access: Access): Promise<void> {
  const socket = await connect("zookeeper", { host: "127.0.0.1", port });
  const who = { user: "administrator", password: "of tests" };
  const session = await Session.open(socket, 0, 10_000, who);
  try {
    const record: Part["record"] = (frame) => frame.text(path).access(access).int(-1);
    await session.send([{ type: SET_ACL, record }]);
  } finally {
    await session.end();
  }
}
