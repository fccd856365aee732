"""Reads gRPC errors as the contract describes them."""

from collections.abc import Callable

import grpc
import pytest
from google.rpc.error_details_pb2 import BadRequest
from grpc_status import rpc_status


def refused(call: Callable[[], object]) -> grpc.Call:
    """The error of a call, which must fail. It is the exception and the call in one, as grpc makes it."""
    with pytest.raises(grpc.RpcError) as caught:
        call()
    error = caught.value
    assert isinstance(error, grpc.Call)
    return error


def field_violations(error: grpc.Call) -> set[str]:
    """The fields that the error's BadRequest detail names. Raises AssertionError where it has none."""
    status = rpc_status.from_call(error)
    assert status is not None, "the error has no google.rpc.Status"
    for detail in status.details:
        bad_request = BadRequest()
        if detail.Unpack(bad_request):
            assert all(violation.description for violation in bad_request.field_violations)
            return {violation.field for violation in bad_request.field_violations}
    raise AssertionError("the error has no BadRequest detail")
