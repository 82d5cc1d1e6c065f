// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {MockAccount} from "./MockAccount.sol";
import {IErc721Receiver} from "./MockNft.sol";
import {ReentryProbe} from "./ReentryProbe.sol";

/// @title NftReceiver
/// @notice A receiver that makes the armed call when it receives an ERC-721 token, then answers according to its mode.
/// Its deployer acts for it. It accepts ether.
contract NftReceiver is MockAccount, ReentryProbe, IErc721Receiver {
    enum Mode {
        Accept,
        Refuse, // reverts
        WrongAnswer,
        BurnGas, // consumes all gas
        RevertBomb // a megabyte of revert data
    }

    error NftRefused(uint256 id);

    Mode public mode;

    constructor() payable MockAccount(msg.sender) {}

    receive() external payable {}

    function setMode(Mode mode_) external {
        mode = mode_;
    }

    function onERC721Received(address, address, uint256 id, bytes calldata) external returns (bytes4) {
        _probe();
        if (mode == Mode.Refuse) revert NftRefused(id);
        if (mode == Mode.WrongAnswer) return 0xffffffff;
        assembly ("memory-safe") {
            switch sload(mode.slot)
            case 3 { invalid() }
            case 4 { revert(0, 0x100000) }
        }
        return IErc721Receiver.onERC721Received.selector;
    }
}
