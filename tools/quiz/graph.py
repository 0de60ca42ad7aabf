"""Items made from the graph: relations, descriptions, fact sheets and the order of learning."""

from typing import Final

from tools.quiz import graph_description, graph_fix, graph_pair, graph_relation, graph_tool

MAKERS: Final = (
    graph_description.make,
    graph_description.make_matching,
    graph_relation.make,
    graph_relation.make_order,
    graph_relation.make_several,
    graph_relation.make_statement,
    graph_pair.make_matching,
    graph_pair.make_turned,
    graph_fix.make,
    graph_fix.make_matching,
    graph_tool.make_licence,
    graph_tool.make_task,
    graph_tool.make_matching,
)
