import { Strategies } from "moleculer";

type Endpoints = Parameters<Strategies.RoundRobin["select"]>[0];

/**
 * Moleculer strategy: turn by turn among the nodes that answer, and among all where none does. So a call that is
 * tried again goes to another node than the one that hangs.
 */
export function answeringNodesFirst(isSilent: (nodeId: string) => boolean) {
  return class AnsweringNodesFirst extends Strategies.RoundRobin {
    override select(nodes: Endpoints) {
      const answering = nodes.filter(({ id }) => !isSilent(id));
      return super.select(answering.length > 0 ? answering : nodes);
    }
  };
}
