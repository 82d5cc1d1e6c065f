// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {CoinChain} from "../plasma/CoinChain.sol";

/// @title A coin chain with external access to its checks of transfers
contract CoinBench is CoinChain {
    constructor(Config memory config_) CoinChain(config_) {}

    /// @notice Reverts unless the transfer is in a block.
    function requireShown(uint64 coin, Shown calldata shown) external view {
        _requireShown(coin, shown);
    }

    /// @notice Reverts unless `owner` signed the transfer.
    function requireSigned(uint64 coin, Shown calldata shown, address owner) external view {
        _requireSigned(coin, shown, owner);
    }
}
