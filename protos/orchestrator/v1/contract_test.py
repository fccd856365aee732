"""The wire contract is what clients were built against: nothing of it is renamed, renumbered, retyped or removed."""

from pathlib import Path

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor, ServiceDescriptor

from protos.orchestrator.v1 import orchestrator_pb2 as pb

_CONTRACT = Path(__file__).with_name("contract.txt")


def _type(field: FieldDescriptor) -> str:
    if field.message_type and field.message_type.GetOptions().map_entry:
        key, value = (field.message_type.fields_by_name[name] for name in ("key", "value"))
        return f"map<{_type(key)},{_type(value)}>"
    named = field.message_type or field.enum_type
    scalar = {value: name for name, value in vars(FieldDescriptor).items() if name.startswith("TYPE_")}
    name = named.name if named else scalar[field.type].removeprefix("TYPE_").lower()
    return f"repeated {name}" if field.is_repeated else name


def _message_lines(message: Descriptor) -> set[str]:
    return {f"{message.name} {field.number} {field.name}: {_type(field)}" for field in message.fields}


def _enum_lines(enum: EnumDescriptor) -> set[str]:
    return {f"{enum.name} {value.number} {value.name}" for value in enum.values}


def _service_lines(service: ServiceDescriptor) -> set[str]:
    return {
        f"rpc {method.name}: {method.input_type.name} -> "
        f"{'stream ' if method.server_streaming else ''}{method.output_type.name}"
        for method in service.methods
    }


def test_the_proto_has_all_of_the_contract_as_it_was_fixed() -> None:
    file = pb.DESCRIPTOR
    actual = set().union(
        *map(_message_lines, file.message_types_by_name.values()),
        *map(_enum_lines, file.enum_types_by_name.values()),
        _service_lines(file.services_by_name["OrchestratorService"]),
    )
    fixed = {line for line in _CONTRACT.read_text().splitlines() if line and not line.startswith("#")}

    assert fixed - actual == set()


def test_the_service_goes_by_the_name_that_clients_call() -> None:
    assert pb.DESCRIPTOR.services_by_name["OrchestratorService"].full_name == "orchestrator.v1.OrchestratorService"
