// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @notice A verifier that makes an armed call to its caller, and accepts a block if that call has failed.
/// @dev The function is not declared `view` like its interface, because the test checks that the caller prevents all
/// writes.
contract ReentrantValidity {
    bytes public payload;

    function arm(bytes calldata payload_) external {
        payload = payload_;
    }

    function verify(bytes32, bytes32, bytes32, uint256, bytes calldata) external returns (bool) {
        (bool ok,) = msg.sender.call{gas: 500_000}(payload);
        return !ok;
    }
}
