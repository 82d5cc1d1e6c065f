// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {PlainToken} from "./PlainToken.sol";

/// @title LyingPermitToken
/// @notice A token whose permit and authorization calls succeed without any effect, in both signature forms. Plain
/// transfers are correct unless `lyingTransfers` is set: then they too return true and move nothing.
contract LyingPermitToken is PlainToken {
    bool public lyingTransfers;
    /// @notice The number of calls that succeeded without any effect.
    uint256 public lies;

    constructor() PlainToken("Lying Permit", "LIE", 18) {}

    function setLyingTransfers(bool lying) external {
        lyingTransfers = lying;
    }

    function permit(address, address, uint256, uint256, uint8, bytes32, bytes32) external {
        ++lies;
    }

    function permit(address, address, uint256, uint256, bytes calldata) external {
        ++lies;
    }

    function receiveWithAuthorization(address, address, uint256, uint256, uint256, bytes32, uint8, bytes32, bytes32)
        external
    {
        ++lies;
    }

    function receiveWithAuthorization(address, address, uint256, uint256, uint256, bytes32, bytes calldata) external {
        ++lies;
    }

    function transferWithAuthorization(address, address, uint256, uint256, uint256, bytes32, uint8, bytes32, bytes32)
        external
    {
        ++lies;
    }

    function transferWithAuthorization(address, address, uint256, uint256, uint256, bytes32, bytes calldata) external {
        ++lies;
    }

    function transfer(address to, uint256 value) public override returns (bool) {
        if (lyingTransfers) return _lie();
        return super.transfer(to, value);
    }

    function transferFrom(address from, address to, uint256 value) public override returns (bool) {
        if (lyingTransfers) return _lie();
        return super.transferFrom(from, to, value);
    }

    function _lie() private returns (bool) {
        ++lies;
        return true;
    }
}
