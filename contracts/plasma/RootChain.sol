// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {DataChallenge} from "./DataChallenge.sol";
import {PlasmaBase} from "./PlasmaBase.sol";

/// @title The deployable root chain: blocks, deposits and exits of the payments chain
contract RootChain is DataChallenge {
    /// @param config_ The parameters
    constructor(Config memory config_) PlasmaBase(config_) {}
}
