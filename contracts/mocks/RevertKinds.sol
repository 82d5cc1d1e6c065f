// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title RevertKinds
/// @notice One way to fail for each kind of revert, by transaction, by call, and through another contract.
contract RevertKinds {
    error Closed(uint256 have, uint256 need);
    error Paused();
    error NestedFailure(address inner);

    /// @notice Written by the failing functions, so that they are real transactions.
    uint256 public touched;

    function custom(uint256 have, uint256 need) external {
        ++touched;
        revert Closed(have, need);
    }

    function otherCustom() external {
        ++touched;
        revert Paused();
    }

    function text(string calldata reason) external {
        ++touched;
        // solhint-disable-next-line gas-custom-errors
        revert(reason);
    }

    function panic(uint256 divisor) external returns (uint256) {
        ++touched;
        return 1 / divisor;
    }

    function empty() external {
        ++touched;
        assembly ("memory-safe") {
            revert(0, 0)
        }
    }

    function fine() external returns (uint256) {
        return ++touched;
    }

    /// @notice Calls `inner` with `data` and bubbles up its revert data unchanged.
    function nested(address inner, bytes calldata data) external {
        ++touched;
        (bool ok, bytes memory result) = inner.call(data);
        if (!ok) {
            assembly ("memory-safe") {
                revert(add(result, 0x20), mload(result))
            }
        }
    }

    /// @notice Calls `inner` with `data`, and reverts with an error of its own if that fails.
    function wrapped(address inner, bytes calldata data) external {
        ++touched;
        (bool ok,) = inner.call(data);
        if (!ok) revert NestedFailure(inner);
    }
}
