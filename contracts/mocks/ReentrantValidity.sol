// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @notice Calls back whoever asks it, with what it was told to; a block is valid to it if that has failed.
/// @dev Not declared `view` as its interface has it: that the caller lets it write nothing is what is tested.
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
